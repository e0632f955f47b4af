// Command quantize makes an int8 model of a float checkpoint and measures what that costs:
//
//	go run ./examples/quantize MODEL.pth CALIBRATION LABELLED INT8.pth
//
// CALIBRATION is a folder of a few hundred images, LABELLED one with a folder for each
// class; both may be archives or arrays.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("four arguments are needed: MODEL.pth CALIBRATION LABELLED INT8.pth")
	}
	model, err := octet.Open(args[0])
	if err != nil {
		return err
	}
	for _, a := range model.Assumptions() { // what the file does not say
		fmt.Fprintln(out, "assumed:", a)
	}
	calibration, err := octet.Calibrate(ctx, model, octet.Inputs(ctx, model, args[1]), octet.WithBackend("fbgemm"), octet.WithLimit(256))
	if err != nil {
		return err
	}
	// Layers that would be slower in int8 on this machine stay in float.
	slower := octet.WithSlowerLayers(func(names []string) { fmt.Fprintln(out, "faster in float:", names) })
	int8, report, err := octet.ExcludeSlower(ctx, model, calibration, octet.Inputs(ctx, model, args[1]), slower)
	if err != nil {
		return err
	}
	if err := int8.Save(ctx, args[3]); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d layers compute on integers, %d in float; %.2f of the size\n",
		report.Int8Nodes, report.FloatNodes, float64(report.Int8Bytes)/float64(report.FloatBytes))

	labelled, err := dataset.Open(args[2])
	if err != nil {
		return err
	}
	defer labelled.Close()
	before, err := octet.Evaluate(ctx, model, labelled)
	if err != nil {
		return err
	}
	after, err := octet.Evaluate(ctx, int8, labelled)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "top-1 of %d images: %.2f %% in float, %.2f %% in int8\n", after.Inputs, before.Top1Percent(), after.Top1Percent())
	return nil
}
