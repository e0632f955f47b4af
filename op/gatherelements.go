package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// GatherElements is torch.gather: element i of the result is that of x at the same position,
// except along Axis, where element i of the indices is the index. Indices count from the end
// when negative.
//
// Inputs: x, any type; indices, int64, as many axes, no longer than those of x but for Axis.
// Result: the shape of the indices.
type GatherElements struct {
	Axis int `json:"axis"`
}

// Kind is "gather_elements".
func (GatherElements) Kind() string { return "gather_elements" }

func (GatherElements) moves() {}

// Signatures: any type; codes keep their parameters.
func (GatherElements) Signatures() []graph.Signature { return Gather{}.Signatures() }

// Infer returns the shape of the indices.
func (g GatherElements) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	if err := checkElements(in[0].Shape, in[1].Shape, g.Axis); err != nil {
		return nil, err
	}
	return like(in[0], in[1].Shape.Clone())
}

// checkElements checks indices of shape at, along axis, for elements of x.
func checkElements(x, at tensor.Shape, axis int) error {
	a, err := axisOf(axis, len(x))
	if err != nil {
		return err
	}
	fits := len(at) == len(x)
	for i := range min(len(at), len(x)) {
		fits = fits && (i == a || at[i] <= x[i])
	}
	if !fits {
		return fmt.Errorf("indices have shape %v; expected %v, or less along each axis but %d", at, x, a)
	}
	return nil
}

// elementsAt returns the elements of a value of shape x that indices name along axis.
func elementsAt(x tensor.Shape, indices *tensor.Tensor, axis int) ([]int, error) {
	axis, err := axisOf(axis, len(x))
	if err != nil {
		return nil, err
	}
	strides := ownStrides(x)
	along := strides[axis]
	strides[axis] = 0
	base := strided(indices.Shape(), strides, 0)
	places := make([]int, indices.Numel())
	for i, v := range indices.Int64s() {
		k, err := indexOf(v, x, axis)
		if err != nil {
			return nil, err
		}
		places[i] = base(i) + k*along
	}
	return places, nil
}

// Eval copies the elements.
func (g GatherElements) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	from, err := elementsAt(in[0].Shape(), in[1], g.Axis)
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out[0], func(i int) int { return from[i] })}, nil
}
