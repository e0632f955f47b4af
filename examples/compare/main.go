// Command compare says how far an int8 model is from the float one it was made of, and
// which layers add most noise:
//
//	go run ./examples/compare FLOAT.pth INT8.pth IMAGES
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"

	"github.com/octet-ml/octet"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("three arguments are needed: FLOAT.pth INT8.pth IMAGES")
	}
	float, err := octet.Open(args[0])
	if err != nil {
		return err
	}
	int8, err := octet.Open(args[1])
	if err != nil {
		return err
	}
	comparison, err := octet.Compare(ctx, float, int8, octet.Inputs(ctx, float, args[2]))
	if err != nil {
		return err
	}
	o := comparison.Outputs
	fmt.Fprintf(out, "%d inputs: %.2f %% get the same class, logits have %.1f dB\n", o.Inputs, o.Agreement, o.SQNR)

	layers := slices.DeleteFunc(comparison.Layers, func(l octet.LayerComparison) bool { return !l.Int8 })
	slices.SortStableFunc(layers, func(a, b octet.LayerComparison) int { return cmp.Compare(a.Introduced, b.Introduced) })
	for _, l := range layers[:min(3, len(layers))] {
		fmt.Fprintf(out, "%s (%s) adds noise: %.1f dB below its signal\n", l.Node, l.Op, l.Introduced)
	}
	return nil
}
