package op

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Gather takes the slices of x at indices along Axis: torch.index_select for indices
// of one axis, an embedding for Axis 0. Indices count from the end when negative.
//
// Inputs: x, any type; indices, int64. Result: the shape of x with that of the indices
// in place of Axis.
type Gather struct {
	Axis int `json:"axis"`
}

// Kind is "gather".
func (Gather) Kind() string { return "gather" }

func (Gather) moves() {}

// Signatures: any type; codes keep their parameters.
func (Gather) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{graph.T, i64}, Out: graph.T, SameQ: true}}
}

// Infer returns the shape.
func (g Gather) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	x := in[0].Shape
	axis, err := axisOf(g.Axis, len(x))
	if err != nil {
		return nil, err
	}
	return like(in[0], slices.Concat(x[:axis], in[1].Shape, x[axis+1:]))
}

// source returns the function from an element of the result to that of x.
func (g Gather) source(x *tensor.Tensor, indices []int64) (func(i int) int, error) {
	s := x.Shape()
	axis, err := axisOf(g.Axis, len(s))
	if err != nil {
		return nil, err
	}
	n, inner := s[axis], s[axis+1:].Numel()
	rows := make([]int, len(indices))
	for i, v := range indices {
		if v < int64(-n) || v >= int64(n) {
			return nil, fmt.Errorf("index %d is outside the %d elements along axis %d of %v", v, n, axis, s)
		}
		if rows[i] = int(v); v < 0 {
			rows[i] += n
		}
	}
	return func(i int) int {
		outer := i / inner / len(rows)
		return (outer*n+rows[i/inner%len(rows)])*inner + i%inner
	}, nil
}

// Eval copies the elements.
func (g Gather) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	from, err := g.source(in[0], in[1].Int64s())
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out[0], from)}, nil
}

// Gradient adds up to where its elements come from; indices have none.
func (g Gather) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	from, err := g.source(in[0], in[1].Int64s())
	if err != nil {
		return nil, err
	}
	return gathered(g, in[0], up, from, 2)
}
