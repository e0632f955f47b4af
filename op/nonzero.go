package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// NonZero lists the indices of elements that are not zero, as ONNX does: torch.nonzero,
// transposed. Their number depends on the data.
//
// Input: x, any shape. Result: int64 [axes of x, elements found], in row-major order.
type NonZero struct{}

// Kind is "nonzero".
func (NonZero) Kind() string { return "nonzero" }

// Signatures: float, int64 and bool, to int64.
func (NonZero) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, i64, tensor.Bool} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{d}, Out: i64})
	}
	return sigs
}

// Defers is true unless x is known.
func (NonZero) Defers(in []graph.Fact) bool { return !allKnown(in) }

// Infer returns [axes, elements found]; if x is not known, all elements count as found.
func (o NonZero) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	n := in[0].Shape.Numel()
	if !o.Defers(in) {
		x, err := loaded(in)
		if err != nil {
			return nil, err
		}
		n = len(places(x[0]))
	}
	return typed(graph.Type{DType: i64, Shape: tensor.Shape{len(in[0].Shape), n}})
}

// Eval lists the indices axis by axis.
func (NonZero) Eval(_ graph.Context, in []*tensor.Tensor, _ []graph.Type) ([]*tensor.Tensor, error) {
	found, s := places(in[0]), in[0].Shape()
	y := tensor.New(i64, len(s), len(found))
	for j, i := range found {
		for axis := len(s) - 1; axis >= 0; axis-- {
			y.Int64s()[axis*len(found)+j] = int64(i % s[axis])
			i /= s[axis]
		}
	}
	return []*tensor.Tensor{y}, nil
}

// places lists the elements of x that are not zero.
func places(x *tensor.Tensor) []int {
	var found []int
	size := x.DType().Size()
	for i := range x.Numel() {
		for b, v := range x.Memory()[i*size:][:size] {
			if x.DType() == f32 && b == size-1 {
				v &= 0x7f // -0 is zero
			}
			if v != 0 {
				found = append(found, i)
				break
			}
		}
	}
	return found
}

// allKnown reports whether the data of all inputs is known.
func allKnown(in []graph.Fact) bool {
	for _, f := range in {
		if f.Data == nil {
			return false
		}
	}
	return true
}

// loaded returns the data of inputs that are known.
func loaded(in []graph.Fact) ([]*tensor.Tensor, error) {
	data := make([]*tensor.Tensor, len(in))
	for i, f := range in {
		if err := f.Data.Load(); err != nil {
			return nil, err
		}
		data[i] = f.Data
	}
	return data, nil
}
