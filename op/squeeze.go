package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Squeeze is torch.squeeze: it removes Axes, which have an extent of 1, or All axes of extent
// 1. A second input, int64 and known at shape inference, takes the place of Axes.
//
// Inputs: x, optionally the axes. Result: x without these axes; it shares its elements with x.
type Squeeze struct {
	Axes []int `json:"axes"`
	All  bool  `json:"all,omitempty"`
}

// Kind is "squeeze".
func (Squeeze) Kind() string { return "squeeze" }

func (Squeeze) moves() {}

// Signatures: any type, with or without the axes as int64; codes keep their parameters.
func (Squeeze) Signatures() []graph.Signature { return Reshape{}.Signatures() }

// Infer returns the shape.
func (o Squeeze) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 2); err != nil {
		return nil, err
	}
	x := in[0].Shape
	axes, err := axesIn(o.Axes, in)
	if err != nil {
		return nil, err
	}
	if o.All {
		axes = nil
		for i, n := range x {
			if n == 1 {
				axes = append(axes, i)
			}
		}
	}
	chosen, err := axesOf(axes, len(x))
	if err != nil {
		return nil, err
	}
	out := tensor.Shape{}
	for i, n := range x {
		switch {
		case !chosen[i]:
			out = append(out, n)
		case n != 1:
			return nil, fmt.Errorf("axis %d of %v has %d elements; only an axis of one can be left out", i, x, n)
		}
	}
	return like(in[0], out)
}

// axesIn are the axes that a second input names, or else those of the attribute.
func axesIn(axes []int, in []graph.Fact) ([]int, error) {
	if len(in) < 2 {
		return axes, nil
	}
	return knownInts("the axes", in[1])
}

// Eval returns x with another shape, sharing its elements.
func (o Squeeze) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{in[0].Reshape(out[0].Shape...)}, nil
}

// Gradient is up with the shape of x.
func (o Squeeze) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return reshapedBack(o, in, up)
}
