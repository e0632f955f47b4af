package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Slice takes the elements from index Start up to, not including, End along
// Axis, which counts from the end when negative.
//
// Input: x, any shape with at least one axis. Result: the shape of x with
// End-Start along Axis.
type Slice struct {
	Axis  int `json:"axis"`
	Start int `json:"start"`
	End   int `json:"end"`
}

// Kind is "slice".
func (Slice) Kind() string { return "slice" }

func (Slice) moves() {}

// Signatures: any type; codes keep their parameters.
func (Slice) Signatures() []graph.Signature { return anyType }

// Infer returns the shape of x with another extent along Axis.
func (s Slice) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	shape := in[0].Shape.Clone()
	axis, err := axisOf(s.Axis, len(shape))
	if err != nil {
		return nil, err
	}
	if s.Start < 0 || s.Start >= s.End || s.End > shape[axis] {
		return nil, fmt.Errorf("slice from %d to %d along axis %d of %v; expected 0 <= start < end <= %d", s.Start, s.End, axis, in[0].Shape, shape[axis])
	}
	shape[axis] = s.End - s.Start
	return like(in[0], shape)
}

// Eval copies the elements.
func (s Slice) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	axis, err := axisOf(s.Axis, len(out.Shape))
	if err != nil {
		return nil, err
	}
	if err := needPerTensor(out); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out, s.source(in[0].Shape(), axis))}, nil
}

// source returns the function from an element of the result to that of x.
func (s Slice) source(x tensor.Shape, axis int) func(i int) int {
	inner := x[axis+1:].Numel()
	line := inner * (s.End - s.Start)
	return func(i int) int { return i/line*inner*x[axis] + s.Start*inner + i%line }
}

// Gradient is up in its place, zero elsewhere.
func (s Slice) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	axis, err := axisOf(s.Axis, len(in[0].Shape()))
	if err != nil {
		return nil, err
	}
	return scattered(s, in, up, s.source(in[0].Shape(), axis))
}
