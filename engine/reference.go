package engine

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/tensor"
)

// Reference returns the engine that calls graph.Op.Eval node by node.
func Reference(g *graph.Graph) (Engine, error) {
	if err := check(g); err != nil {
		return nil, err
	}
	return &reference{g.Running()}, nil
}

type reference struct{ g *graph.Graph }

func (r *reference) Run(ctx context.Context, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	return r.RunTapped(ctx, func(*graph.Value, *tensor.Tensor) error { return nil }, inputs...)
}

func (r *reference) RunTapped(ctx context.Context, tap Tap, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	shapes, err := checkInputs(r.g, inputs)
	if err != nil {
		return nil, err
	}
	facts, err := r.g.Facts(shapes...)
	if err != nil {
		return nil, err
	}
	values := map[*graph.Value]*tensor.Tensor{}
	for i, v := range r.g.Inputs {
		values[v] = inputs[i]
	}
	for _, p := range r.g.Params {
		values[p] = p.Data
	}
	for _, n := range r.g.Nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := r.g.InferNode(n, facts); err != nil {
			return nil, err
		}
		in := make([]*tensor.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			in[i] = values[v]
		}
		out := make([]graph.Type, len(n.Outputs))
		for i, v := range n.Outputs {
			out[i] = facts[v].Type
		}
		results, err := n.Op.Eval(graph.Context{Numerics: r.g.Numerics}, in, out)
		if err != nil {
			return nil, nodeError(r.g, n, err)
		}
		for i, v := range n.Outputs {
			values[v] = results[i]
			if facts[v].Deferred {
				facts[v] = graph.Fact{Type: graph.TypeOf(results[i])}
			}
			if err := tap(v, results[i]); err != nil {
				return nil, err
			}
		}
	}
	out := make([]*tensor.Tensor, len(r.g.Outputs))
	for i, v := range r.g.Outputs {
		out[i] = values[v]
	}
	return out, nil
}

func (r *reference) RunObserved(ctx context.Context, want map[*graph.Value]bool, observe Observe, inputs ...*tensor.Tensor) error {
	if err := checkWanted(r.g, want); err != nil {
		return err
	}
	if _, err := checkInputs(r.g, inputs); err != nil {
		return err
	}
	see := func(v *graph.Value, t *tensor.Tensor) error {
		if !want[v] {
			return nil
		}
		data, s := t.Float32s(), t.Shape()
		if len(s) == 4 {
			data = make([]float32, len(data))
			layout.Transpose(data, t.Float32s(), s[0], s[1], s[2]*s[3])
		}
		return observe(v, data, s)
	}
	for i, v := range r.g.Inputs {
		if err := see(v, inputs[i]); err != nil {
			return err
		}
	}
	_, err := r.RunTapped(ctx, see, inputs...)
	return err
}

func nodeError(g *graph.Graph, n *graph.Node, err error) error {
	return fmt.Errorf("%s: node %q (%s): %w", g.Name, n.Name, n.Op.Kind(), err)
}
