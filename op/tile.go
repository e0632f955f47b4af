package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Tile is torch.tile: x repeated along each axis. The numbers of repeats must be known at shape
// inference.
//
// Inputs: x, any type; repeats, int64, one for each axis. Result: the shape of x times repeats.
type Tile struct{}

// Kind is "tile".
func (Tile) Kind() string { return "tile" }

func (Tile) moves() {}

// Signatures: any type; codes keep their parameters.
func (Tile) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{graph.T, i64}, Out: graph.T, SameQ: true}}
}

// Infer returns the shape of x times repeats.
func (Tile) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	repeats, err := knownSizes(in[1], "repeats")
	if err != nil {
		return nil, err
	}
	shape := in[0].Shape.Clone()
	if len(repeats) != len(shape) {
		return nil, fmt.Errorf("%d repeats for the %d axes of %v", len(repeats), len(shape), shape)
	}
	for i, n := range repeats {
		if _, err := checked(tensor.Shape{shape[i], n}); err != nil {
			return nil, err
		}
		shape[i] *= n
	}
	return like(in[0], shape)
}

// source returns the function from an element of a result of shape to, to that of x: each axis
// of the result is split into an axis of repeats and an axis of x.
func (Tile) source(x, to tensor.Shape) func(i int) int {
	var shape tensor.Shape
	var strides []int
	own := ownStrides(x)
	for i, n := range x {
		shape, strides = append(shape, to[i]/max(1, n), n), append(strides, 0, own[i])
	}
	return strided(shape, strides, 0)
}

// Eval copies the elements.
func (o Tile) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out[0], o.source(in[0].Shape(), out[0].Shape))}, nil
}

// Gradient adds up over repeats; their numbers have none.
func (o Tile) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return gathered(o, in[0], up, o.source(in[0].Shape(), up.Shape()), 2)
}
