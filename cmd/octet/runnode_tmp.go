package main

import (
	"context"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

func runNode(ctx context.Context, g *graph.Graph, inputs []*tensor.Tensor) (*tensor.Tensor, error) {
	in := inputs
	for _, p := range g.Params {
		in = append(in, p.Data)
	}
	return evaluate(graph.Context{Numerics: g.Numerics}, g.Nodes[0].Op, in, g.Nodes[0].Output.Type)
}
