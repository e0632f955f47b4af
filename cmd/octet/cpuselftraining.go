package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/tensor"
)

// trainingKinds are the kernels that only training uses.
var trainingKinds = []string{"matmul_f32", "filters_f32", "channels_f32", "argmax_f32"}

// trainingBound is how far a gradient may be from that of portable kernels, as a share of the
// largest one: another order of accumulation moves a few numbers to the other side of a ReLU.
const trainingBound = 0.01

// checkTraining compares a step of training at every level with one of portable
// kernels.
func (s *selfTest) checkTraining(ctx context.Context, r *rand.Rand) error {
	for range 3 {
		g, x, classes := randomgraph.Training(r)
		labels := make([]int, x.Dim(0))
		for i := range labels {
			labels[i] = r.IntN(classes)
		}
		want, err := stepAt(ctx, g, x, labels, "none")
		if err != nil {
			return err
		}
		for _, level := range s.Levels {
			got, err := stepAt(ctx, g, x, labels, level)
			if err != nil {
				return err
			}
			for name, w := range want {
				if d := apart(got[name], w); !(d <= trainingBound) {
					s.Failures = append(s.Failures, fmt.Sprintf("training of %v, gradient of %s at %s: it differs by %.2g of the largest", x, name, level, d))
				}
			}
			picks, err := engine.Picks(level)
			if err != nil {
				return err
			}
			for _, kind := range trainingKinds {
				s.Kernels[picks[kind]] += len(want)
			}
		}
	}
	return nil
}

// stepAt returns the gradients of a step, by parameter.
func stepAt(ctx context.Context, g *graph.Graph, x *tensor.Tensor, labels []int, level string) (map[string][]float32, error) {
	p, err := autodiff.Compile(g, autodiff.Options{Threads: 2, CPU: level})
	if err != nil {
		return nil, err
	}
	step, err := p.Step(x.Shape())
	if err != nil {
		return nil, err
	}
	logits, err := step.Forward(ctx, x)
	if err != nil {
		return nil, err
	}
	if _, err := (autodiff.Loss{}).Gradient(step.Gradient(), logits, labels, nil); err != nil {
		return nil, err
	}
	if err := step.Backward(ctx); err != nil {
		return nil, err
	}
	grads := map[string][]float32{}
	for _, q := range p.Params() {
		grads[q.Name] = q.Grad
	}
	return grads, nil
}

// apart is the largest difference as a share of the largest number of want.
func apart(got, want []float32) float64 {
	worst, largest := 0.0, 1e-6
	for i, w := range want {
		if got[i] != got[i] {
			return math.NaN()
		}
		worst, largest = max(worst, math.Abs(float64(got[i])-float64(w))), max(largest, math.Abs(float64(w)))
	}
	return worst / largest
}
