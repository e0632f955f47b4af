package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Transpose is torch.permute: axis i of the result is axis Perm[i] of x.
//
// Input: x, as many axes as Perm has. Result: its extents in the order of Perm.
type Transpose struct {
	Perm []int `json:"perm"`
}

// Kind is "transpose".
func (Transpose) Kind() string { return "transpose" }

func (Transpose) moves() {}

// Signatures: any type; codes keep their parameters.
func (Transpose) Signatures() []graph.Signature { return anyType }

// Infer returns the permuted shape.
func (p Transpose) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if len(p.Perm) != len(x) {
		return nil, fmt.Errorf("permutation %v of %d axes; the input has shape %v", p.Perm, len(p.Perm), x)
	}
	if _, err := axesOf(p.Perm, len(x)); err != nil {
		return nil, err
	}
	out := make(tensor.Shape, len(x))
	for i, a := range p.Axes() {
		out[i] = x[a]
	}
	return like(in[0], out)
}

// Axes is Perm with negative axes resolved.
func (p Transpose) Axes() []int {
	axes := make([]int, len(p.Perm))
	for i, a := range p.Perm {
		if axes[i] = a; a < 0 {
			axes[i] = a + len(p.Perm)
		}
	}
	return axes
}

func (p Transpose) source(x, out tensor.Shape) func(i int) int {
	own, strides := ownStrides(x), make([]int, len(x))
	for i, a := range p.Axes() {
		strides[i] = own[a]
	}
	return strided(out, strides, 0)
}

// Eval copies the elements.
func (p Transpose) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out[0], p.source(in[0].Shape(), out[0].Shape))}, nil
}

// Gradient is up with the inverse permutation.
func (p Transpose) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return scattered(p, in, up, p.source(in[0].Shape(), up.Shape()))
}
