package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Shape is the shape of x as int64, a constant at shape inference.
//
// Input: x, any type. Result: one extent for each axis.
type Shape struct{}

// Kind is "shape".
func (Shape) Kind() string { return "shape" }

// Signatures: any type to int64.
func (Shape) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{graph.T}, Out: i64}}
}

// Infer returns a vector of as many elements as x has axes.
func (Shape) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	return typed(graph.Type{DType: i64, Shape: tensor.Shape{len(in[0].Shape)}})
}

// Read returns the extents of x.
func (Shape) Read(in []graph.Type) []*tensor.Tensor {
	shape := make([]int64, len(in[0].Shape))
	for i, n := range in[0].Shape {
		shape[i] = int64(n)
	}
	return []*tensor.Tensor{tensor.Of(shape, len(shape))}
}

// Eval returns the extents of x.
func (s Shape) Eval(_ graph.Context, in []*tensor.Tensor, _ []graph.Type) ([]*tensor.Tensor, error) {
	return s.Read(typesOf(in)), nil
}
