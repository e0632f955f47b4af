package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Expand repeats x to the shape that x and a given shape broadcast to, as ONNX does:
// torch.broadcast_to, where a given extent may also be 1. For a scalar it is torch.full, and
// ONNX's ConstantOfShape. The shape must be known at shape inference.
//
// Inputs: x, any type; the shape, int64. Result: x repeated.
type Expand struct{}

// Kind is "expand".
func (Expand) Kind() string { return "expand" }

func (Expand) moves() {}

// Signatures: any type; codes keep their parameters.
func (Expand) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{graph.T, i64}, Out: graph.T, SameQ: true}}
}

// Infer returns the shape that both broadcast to.
func (Expand) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	want, err := knownSizes(in[1], "the shape")
	if err != nil {
		return nil, err
	}
	shape, err := broadcastShape(in[0].Shape, want)
	if err != nil {
		return nil, err
	}
	return like(in[0], shape)
}

// knownSizes are the elements of a vector of sizes, which must be known.
func knownSizes(f graph.Fact, what string) (tensor.Shape, error) {
	if f.DType != i64 || len(f.Shape) != 1 {
		return nil, fmt.Errorf("%s is %v; expected a vector of int64", what, f.Type)
	}
	if f.Data == nil {
		return nil, fmt.Errorf("%s is %w; expected constants or sizes", what, graph.ErrComputed)
	}
	if err := f.Data.Load(); err != nil {
		return nil, err
	}
	sizes := make(tensor.Shape, f.Shape[0])
	for i, n := range f.Data.Int64s() {
		if n < 0 || n > maxElements {
			return nil, fmt.Errorf("%s is %v; expected numbers from 0 to %d", what, f.Data.Int64s(), maxElements)
		}
		sizes[i] = int(n)
	}
	return sizes, nil
}

// source returns the function from an element of a result of shape to, to that of x.
func (Expand) source(x, to tensor.Shape) func(i int) int {
	return strided(to, broadcastStrides(x, to), 0)
}

// Eval copies the elements.
func (o Expand) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out[0], o.source(in[0].Shape(), out[0].Shape))}, nil
}

// Gradient adds up over repetitions; the shape has none.
func (o Expand) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return gathered(o, in[0], up, o.source(in[0].Shape(), up.Shape()), 2)
}

// gathered is Gradient of an operator with the given number of operands whose result's element
// i is element from(i) of the first, x.
func gathered(o graph.Op, x, up *tensor.Tensor, from func(i int) int, operands int) ([]*tensor.Tensor, error) {
	if x.DType() != f32 || up.DType() != f32 {
		return nil, fmt.Errorf("gradient of %s: %v; only float32 has gradients", o.Kind(), x)
	}
	sums := make([]float64, x.Numel())
	for i, v := range up.Float32s() {
		sums[from(i)] += float64(v)
	}
	grads := make([]*tensor.Tensor, operands)
	grads[0] = rounded(sums, x.Shape())
	return grads, nil
}
