package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Unsqueeze is torch.unsqueeze for several axes: the axes of the result that Axes names have an
// extent of 1, the others are those of x. A second input, int64 and known at shape inference,
// takes the place of Axes.
//
// Inputs: x, optionally the axes. Result: x with these axes; it shares its elements with x.
type Unsqueeze struct {
	Axes []int `json:"axes"`
}

// Kind is "unsqueeze".
func (Unsqueeze) Kind() string { return "unsqueeze" }

func (Unsqueeze) moves() {}

// Signatures: any type, with or without the axes as int64; codes keep their parameters.
func (Unsqueeze) Signatures() []graph.Signature { return Reshape{}.Signatures() }

// Infer returns the shape.
func (o Unsqueeze) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 2); err != nil {
		return nil, err
	}
	axes, err := axesIn(o.Axes, in)
	if err != nil {
		return nil, err
	}
	x := in[0].Shape
	rank := len(x) + len(axes)
	chosen, err := axesOf(axes, rank)
	if err != nil {
		return nil, err
	}
	out := tensor.Shape{}
	next := 0
	for i := range rank {
		if chosen[i] {
			out = append(out, 1)
			continue
		}
		out = append(out, x[next])
		next++
	}
	return like(in[0], out)
}

// Eval returns x with another shape, sharing its elements.
func (o Unsqueeze) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{in[0].Reshape(out[0].Shape...)}, nil
}

// Gradient is up with the shape of x.
func (o Unsqueeze) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return reshapedBack(o, in, up)
}
