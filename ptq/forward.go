package ptq

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// forward runs the prepared graph on one batch and hands every observed value,
// number k of Prepared.Observed, to see, in order. It is safe for concurrent
// use.
type forward func(x *tensor.Tensor, see func(k int, data []float32, shape tensor.Shape) error) error

// newForward compiles the graph for running several forwards side by side.
func newForward(p *Prepared, _ int) (forward, error) {
	index := map[string]int{}
	for k, name := range p.Observed {
		index[name] = k
	}
	return func(x *tensor.Tensor, see func(int, []float32, tensor.Shape) error) error {
		_, err := evaluate(p.Graph, x, func(v *graph.Value, t *tensor.Tensor) error {
			if k, ok := index[v.Name]; ok {
				return see(k, t.Float32s(), t.Shape())
			}
			return nil
		})
		return err
	}, nil
}

// evaluate computes a graph of one input with the operators' own evaluation and
// shows the input and every node's result to visit.
func evaluate(g *graph.Graph, x *tensor.Tensor, visit func(*graph.Value, *tensor.Tensor) error) ([]*tensor.Tensor, error) {
	types, err := g.Infer(x.Shape())
	if err != nil {
		return nil, err
	}
	values := map[*graph.Value]*tensor.Tensor{g.Inputs[0]: x}
	for _, p := range g.Params {
		values[p] = p.Data
	}
	if err := visit(g.Inputs[0], x); err != nil {
		return nil, err
	}
	readers := map[*graph.Value]int{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			readers[v]++
		}
	}
	for _, v := range g.Outputs {
		readers[v]++
	}
	for _, n := range g.Nodes {
		in := make([]*tensor.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			in[i] = values[v]
			if readers[v]--; readers[v] == 0 && v.Role == graph.Result {
				delete(values, v)
			}
		}
		t, err := n.Op.Eval(graph.Context{Numerics: g.Numerics}, in, types[n.Output])
		if err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op.Kind(), err)
		}
		values[n.Output] = t
		if err := visit(n.Output, t); err != nil {
			return nil, err
		}
	}
	outs := make([]*tensor.Tensor, len(g.Outputs))
	for i, v := range g.Outputs {
		outs[i] = values[v]
	}
	return outs, nil
}
