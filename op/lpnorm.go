package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// LpNorm divides the elements along Axis by their norm: the sum of magnitudes where P is 1,
// the root of the sum of squares where it is 2. Zeros stay.
//
// Input: x. Result: the shape of x.
type LpNorm struct {
	Axis int `json:"axis"`
	P    int `json:"p"`
}

// Kind is "lp_norm".
func (LpNorm) Kind() string { return "lp_norm" }

// Signatures: float.
func (LpNorm) Signatures() []graph.Signature { return each(1, f32) }

// Infer returns the shape of x.
func (l LpNorm) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if _, err := axisOf(l.Axis, len(in[0].Shape)); err != nil {
		return nil, err
	}
	if l.P != 1 && l.P != 2 {
		return nil, fmt.Errorf("p is %d; it is 1 or 2", l.P)
	}
	return like(in[0], in[0].Shape.Clone())
}

// Eval sums in float64 and rounds each result once.
func (l LpNorm) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	s := in[0].Shape()
	axis, err := axisOf(l.Axis, len(s))
	if err != nil {
		return nil, err
	}
	x, y := in[0].Float32s(), tensor.New(f32, out[0].Shape...)
	inner := s[axis+1:].Numel()
	sums := make([]float64, s[:axis].Numel()*inner)
	line := func(i int) int { return i/inner/s[axis]*inner + i%inner }
	for i, v := range x {
		w := math.Abs(float64(v))
		if l.P == 2 {
			w *= w
		}
		sums[line(i)] += w
	}
	for i, v := range x {
		norm := sums[line(i)]
		if l.P == 2 {
			norm = math.Sqrt(norm)
		}
		if norm != 0 {
			y.Float32s()[i] = float32(float64(v) / norm)
		}
	}
	return []*tensor.Tensor{y}, nil
}
