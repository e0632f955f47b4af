// Command train trains a network from scratch, in float, and goes on with quantization
// in the loop, so that the int8 model is what was trained:
//
//	go run ./examples/train ARCHITECTURE DATA STEPS INT8.pth
//
// DATA has a folder for each class, or is an IDX file with its labels beside it.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/train"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("four arguments are needed: ARCHITECTURE DATA STEPS INT8.pth")
	}
	steps, err := strconv.Atoi(args[2])
	if err != nil {
		return fmt.Errorf("STEPS: %w", err)
	}
	model, err := octet.New(args[0], 10, 1, 7) // 10 classes, grey images, random numbers by seed 7
	if err != nil {
		return err
	}
	data, err := octet.LabelledData(ctx, model, args[1])
	if err != nil {
		return err
	}
	defer data.Source.Close()

	recipe := train.Default()
	recipe.Steps, recipe.BatchSize = steps, 16
	floating, err := octet.Train(model, data, recipe)
	if err != nil {
		return err
	}
	floating.OnStep = func(p train.Progress) { fmt.Fprintf(out, "float %d/%d: loss %.2f\n", p.Step, p.Steps, p.MeanLoss) }
	if err := floating.Run(ctx); err != nil {
		return err
	}
	if model, err = floating.Float(); err != nil {
		return err
	}

	recipe = train.DefaultQAT()
	recipe.Steps, recipe.BatchSize = max(1, steps/2), 16
	quantized, err := octet.TrainQuantized(model, data, recipe)
	if err != nil {
		return err
	}
	quantized.OnStep = func(p train.Progress) { fmt.Fprintf(out, "int8 %d/%d: %s\n", p.Step, p.Steps, p.Phase) }
	if err := quantized.Run(ctx); err != nil {
		return err
	}
	int8, _, err := quantized.Int8()
	if err != nil {
		return err
	}
	return int8.Save(ctx, args[3])
}
