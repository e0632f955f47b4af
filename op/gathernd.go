package op

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// GatherND takes slices of x: the last axis of the indices holds a tuple of indices into the
// axes of x that follow the first BatchDims ones, which x and the indices share. Indices count
// from the end when negative.
//
// Inputs: x, any type; indices, int64. Result: the extents of the indices but the last, then
// those of x that no index names.
type GatherND struct {
	BatchDims int `json:"batch_dims,omitempty"`
}

// Kind is "gather_nd".
func (GatherND) Kind() string { return "gather_nd" }

func (GatherND) moves() {}

// Signatures: any type; codes keep their parameters.
func (GatherND) Signatures() []graph.Signature { return Gather{}.Signatures() }

// Infer returns the shape.
func (g GatherND) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	x, at := in[0].Shape, in[1].Shape
	b := g.BatchDims
	if b < 0 || b >= len(at) || b > len(x) || !x[:b].Equal(at[:b]) {
		return nil, fmt.Errorf("input %v and indices %v do not have %d axes in common", x, at, b)
	}
	named := at[len(at)-1]
	if named > len(x)-b {
		return nil, fmt.Errorf("indices %v name %d axes; %v has %d behind the first %d", at, named, x, len(x)-b, b)
	}
	return like(in[0], slices.Concat(at[:len(at)-1], x[b+named:]))
}

// Eval copies the slices.
func (g GatherND) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	starts, inner, err := slicesAt(in[0].Shape(), in[1], g.BatchDims)
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out[0], func(i int) int { return starts[i/inner] + i%inner })}, nil
}

// slicesAt returns where the slices of a value of shape x begin that indices name, and how
// many elements each has.
func slicesAt(x tensor.Shape, indices *tensor.Tensor, batch int) (starts []int, inner int, err error) {
	at := indices.Shape()
	named := at[len(at)-1]
	lists := at[:len(at)-1].Numel()
	perBatch := max(1, at[batch:len(at)-1].Numel())
	strides := ownStrides(x)
	inner = x[batch+named:].Numel()
	whole := x[batch:].Numel()
	starts = make([]int, lists)
	for i := range starts {
		starts[i] = i / perBatch * whole
		for j, v := range indices.Int64s()[i*named : (i+1)*named] {
			k, err := indexOf(v, x, batch+j)
			if err != nil {
				return nil, 0, err
			}
			starts[i] += k * strides[batch+j]
		}
	}
	return starts, inner, nil
}

// indexOf resolves an index along an axis of a value of shape x.
func indexOf(v int64, x tensor.Shape, axis int) (int, error) {
	n := int64(x[axis])
	if v < -n || v >= n {
		return 0, fmt.Errorf("index %d is outside the %d elements along axis %d of %v", v, n, axis, x)
	}
	if v < 0 {
		v += n
	}
	return int(v), nil
}
