package ptq

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// forward runs the prepared graph on one batch and hands every observed value,
// number k of Prepared.Observed, to see, in order. It is safe for concurrent
// use.
type forward func(ctx context.Context, in []*tensor.Tensor, see func(k int, data []float32, shape tensor.Shape) error) error

// newForward compiles the graph for running several forwards side by side.
func newForward(p *Prepared, opts engine.Options) (forward, error) {
	program, err := engine.Compile(p.Calibrated, opts)
	if err != nil {
		return nil, err
	}
	session := program.NewSession()
	number := map[string]int{}
	for k, name := range p.Observed {
		number[name] = k
	}
	want := map[*graph.Value]bool{}
	for _, v := range p.Calibrated.Inputs {
		if _, ok := number[v.Name]; ok {
			want[v] = true
		}
	}
	for _, n := range p.Calibrated.Nodes {
		for _, v := range n.Outputs {
			if _, ok := number[v.Name]; ok {
				want[v] = true
			}
		}
	}
	if len(want) != len(p.Observed) {
		return nil, fmt.Errorf("%s: %d of %d observed values found; calibration needs a graph as Prepare made it",
			p.Calibrated.Name, len(want), len(p.Observed))
	}
	return func(ctx context.Context, in []*tensor.Tensor, see func(int, []float32, tensor.Shape) error) error {
		// Observers of activations do not care for the order of the elements,
		// so the engine's own layout will do.
		return session.RunObserved(ctx, want, func(v *graph.Value, data []float32, shape tensor.Shape) error {
			return see(number[v.Name], data, shape)
		}, in...)
	}, nil
}
