package op

import (
	"cmp"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// ArgMax is torch.argmax along Axis, which counts from the end when negative: the index of the
// largest element, or of the smallest; of equal ones that of the first, or of the last.
//
// Input: x. Result: int64, the shape of x without Axis, or with 1 in its place.
type ArgMax struct {
	Axis     int  `json:"axis"`
	KeepDim  bool `json:"keepdim,omitempty"`  // Axis stays, with an extent of 1
	Smallest bool `json:"smallest,omitempty"` // argmin
	Last     bool `json:"last,omitempty"`     // of equal elements
}

// Kind is "argmax".
func (ArgMax) Kind() string { return "argmax" }

// Signatures: float, int64 and codes, to int64.
func (ArgMax) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, i64, u8, i8} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{d}, Out: i64})
	}
	return sigs
}

// Infer returns the shape of x without Axis.
func (o ArgMax) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	axis, err := axisOf(o.Axis, len(x))
	if err != nil {
		return nil, err
	}
	if x[axis] == 0 {
		return nil, errNothingAlong(axis, x)
	}
	shape, err := reduced(x, []int{axis}, o.KeepDim)
	if err != nil {
		return nil, err
	}
	return typed(graph.Type{DType: i64, Shape: shape})
}

// Eval looks at every element of each line.
func (o ArgMax) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y, compare := tensor.New(i64, out[0].Shape...), comparing(in[0])
	err := reducing(in[0].Shape(), []int{o.Axis}, func(i int, elements []int) {
		best := 0
		for j, e := range elements {
			c := compare(e, elements[best])
			if o.Smallest {
				c = cmp.Compare(0, c)
			}
			if c > 0 || c == 0 && o.Last {
				best = j
			}
		}
		y.Int64s()[i] = int64(best)
	})
	return []*tensor.Tensor{y}, err
}
