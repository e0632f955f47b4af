package octet

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

func compileGraph(g *graph.Graph, o compileOptions) (func(ctx context.Context, x *tensor.Tensor, tap func(*graph.Node, *tensor.Tensor) error) (*tensor.Tensor, error), error) {
	return func(ctx context.Context, x *tensor.Tensor, tap func(*graph.Node, *tensor.Tensor) error) (*tensor.Tensor, error) {
		types, err := g.Infer(x.Shape())
		if err != nil {
			return nil, err
		}
		vals := map[*graph.Value]*tensor.Tensor{g.Inputs[0]: x}
		for _, p := range g.Params {
			vals[p] = p.Data
		}
		for _, n := range g.Nodes {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			var in []*tensor.Tensor
			for _, v := range n.Inputs {
				in = append(in, vals[v])
			}
			y, err := n.Op.Eval(graph.Context{Numerics: g.Numerics}, in, types[n.Output])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", n.Name, err)
			}
			if tap != nil {
				if err := tap(n, y); err != nil {
					return nil, err
				}
			}
			vals[n.Output] = y
		}
		return vals[g.Outputs[0]], nil
	}, nil
}
