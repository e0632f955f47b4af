package op

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Flatten is torch.flatten: it joins the axes from Start to End, both included
// and counted from the end when negative, into one. The result shares its
// elements with the input.
//
// With Matrix the axes in front of Start become one, too, and End does not count: ONNX's
// Flatten, whose result always has two axes. Start may then be the number of axes.
type Flatten struct {
	Start  int  `json:"start"`
	End    int  `json:"end"`
	Matrix bool `json:"matrix,omitempty"`
}

// Kind is "flatten".
func (Flatten) Kind() string { return "flatten" }

func (Flatten) moves() {}

// Signatures: any type; codes keep their parameters.
func (Flatten) Signatures() []graph.Signature { return anyType }

// Infer returns the shape with the axes joined.
func (f Flatten) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if f.Matrix {
		return f.inferMatrix(in[0])
	}
	rank := max(len(x), 1) // a scalar counts as one axis, as in PyTorch
	start, err := axisOf(f.Start, rank)
	if err != nil {
		return nil, err
	}
	end, err := axisOf(f.End, rank)
	if err != nil {
		return nil, err
	}
	if start > end {
		return nil, fmt.Errorf("axes %d to %d: the first must not be behind the last", f.Start, f.End)
	}
	if len(x) == 0 {
		return like(in[0], tensor.Shape{1})
	}
	joined, err := x[start : end+1].CheckedNumel()
	if err != nil {
		return nil, err
	}
	return like(in[0], slices.Concat(x[:start], tensor.Shape{joined}, x[end+1:]))
}

func (f Flatten) inferMatrix(x graph.Fact) ([]graph.Type, error) {
	rank := len(x.Shape)
	if f.Start < -rank || f.Start > rank {
		return nil, fmt.Errorf("axis %d; an input of %d axes is cut at one from %d to %d", f.Start, rank, -rank, rank)
	}
	cut := f.Start
	if cut < 0 {
		cut += rank
	}
	rows, err := x.Shape[:cut].CheckedNumel()
	if err != nil {
		return nil, err
	}
	columns, err := x.Shape[cut:].CheckedNumel()
	if err != nil {
		return nil, err
	}
	return like(x, tensor.Shape{rows, columns})
}

// Eval returns the input with another shape, sharing its elements.
func (f Flatten) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	if err := needPerTensor(graph.TypeOf(in[0])); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{in[0].Reshape(out.Shape...)}, nil
}

// Gradient is up with the shape of x.
func (f Flatten) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return scattered(f, in, up, func(i int) int { return i })
}
