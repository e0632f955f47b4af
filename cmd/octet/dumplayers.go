package main

import (
	"context"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// dumpLayers runs all inputs in one batch, writes what every node computes into
// folder, and the logits to output where it is given.
func dumpLayers(ctx context.Context, c *console.Console, model *octet.Model, session *octet.Session, data *inputs.Data, folder, output string) error {
	w, err := newLayerWriter(folder, model.Arch(), string(model.Backend()))
	if err != nil {
		return err
	}
	for b, err := range data.Batches(ctx, data.Total()) {
		if err != nil {
			return exit.WithCode(exit.Data, err)
		}
		y, err := session.RunTapped(ctx, b.Input, func(n *graph.Node, t *tensor.Tensor) error {
			if !isComputation(n) {
				return nil
			}
			return w.add(n.Name, n.Op.Kind(), t)
		})
		if err != nil {
			return exit.WithCode(exit.Data, err)
		}
		if output != "" {
			if err := c.WriteArray(output, y); err != nil {
				return err
			}
		}
	}
	return w.close()
}

// isComputation is false for nodes that PyTorch does not execute on quantized values: reshapes
// and Dequantize.
func isComputation(n *graph.Node) bool {
	return n.Op.Kind() != "flatten" && n.Op.Kind() != "dequantize"
}
