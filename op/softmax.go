package op

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Softmax is torch.softmax along Axis, which counts from the end when negative.
//
// Input: x. Result: the shape of x.
type Softmax struct {
	Axis int `json:"axis"`
}

// Kind is "softmax".
func (Softmax) Kind() string { return "softmax" }

// Signatures: float.
func (Softmax) Signatures() []graph.Signature { return each(1, f32) }

// Infer returns the shape of x.
func (s Softmax) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if _, err := axisOf(s.Axis, len(in[0].Shape)); err != nil {
		return nil, err
	}
	return like(in[0], in[0].Shape.Clone())
}

// Eval divides e^(x - max) by the sum over its line, all in float64.
func (s Softmax) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y := tensor.New(f32, out[0].Shape...)
	err := alongAxis(s.Axis, out[0].Shape, func(at func(i int) int, n int) {
		line := s.line(in[0].Float32s(), at, n)
		for i, v := range line {
			y.Float32s()[at(i)] = float32(v)
		}
	})
	return []*tensor.Tensor{y}, err
}

func (Softmax) line(x []float32, at func(i int) int, n int) []float64 {
	largest := math.Inf(-1)
	for i := range n {
		largest = max(largest, float64(x[at(i)]))
	}
	e, sum := make([]float64, n), 0.0
	for i := range e {
		e[i] = math.Exp(float64(x[at(i)]) - largest)
		sum += e[i]
	}
	for i := range e {
		e[i] /= sum
	}
	return e
}

// alongAxis visits the lines of a value of shape s along an axis; at gives the index of element
// i of a line, n is their number.
func alongAxis(axis int, s tensor.Shape, visit func(at func(i int) int, n int)) error {
	axis, err := axisOf(axis, len(s))
	if err != nil {
		return err
	}
	inner := s[axis+1:].Numel()
	for o := range s[:axis].Numel() {
		for j := range inner {
			base := o*s[axis]*inner + j
			visit(func(i int) int { return base + i*inner }, s[axis])
		}
	}
	return nil
}

// Gradient is y * (up - sum(up * y)), y being the result.
func (s Softmax) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(s, in, up); err != nil {
		return nil, err
	}
	g := make([]float64, up.Numel())
	err := alongAxis(s.Axis, up.Shape(), func(at func(i int) int, n int) {
		y, sum := s.line(in[0].Float32s(), at, n), 0.0
		for i, v := range y {
			sum += float64(float64(up.Float32s()[at(i)]) * v)
		}
		for i, v := range y {
			g[at(i)] = v * (float64(up.Float32s()[at(i)]) - sum)
		}
	})
	return []*tensor.Tensor{rounded(g, up.Shape())}, err
}
