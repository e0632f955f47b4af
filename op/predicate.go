package op

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// boolean is the element type of truth values, held as 0 or 1.
const boolean = tensor.Bool

// truth is b as an element.
func truth(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// truths returns a tensor of truth values.
func truths(shape tensor.Shape, of func(i int) bool) *tensor.Tensor {
	data := make([]uint8, shape.Numel())
	for i := range data {
		data[i] = truth(of(i))
	}
	return tensor.OfType(boolean, data, shape...)
}

// inferTruth infers a result of truth values with the shape of x.
func inferTruth(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	return typed(graph.Type{DType: boolean, Shape: in[0].Shape.Clone()})
}

// IsNaN is torch.isnan.
//
// Input: x, any shape. Result: bool, the shape of x.
type IsNaN struct{}

// Kind is "isnan".
func (IsNaN) Kind() string { return "isnan" }

// Signatures: float to bool.
func (IsNaN) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32}, Out: boolean}}
}

// Infer returns bool of the shape of x.
func (IsNaN) Infer(in []graph.Fact) ([]graph.Type, error) { return inferTruth(in) }

// Eval tests each element.
func (IsNaN) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	x := in[0].Float32s()
	return []*tensor.Tensor{truths(out[0].Shape, func(i int) bool { return x[i] != x[i] })}, nil
}

// IsInf is torch.isinf, perhaps for one sign only.
//
// Input: x, any shape. Result: bool, the shape of x.
type IsInf struct {
	NoPositive bool `json:"no_positive,omitempty"` // +Inf does not count
	NoNegative bool `json:"no_negative,omitempty"` // -Inf does not count
}

// Kind is "isinf".
func (IsInf) Kind() string { return "isinf" }

// Signatures: float to bool.
func (IsInf) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32}, Out: boolean}}
}

// Infer returns bool of the shape of x.
func (IsInf) Infer(in []graph.Fact) ([]graph.Type, error) { return inferTruth(in) }

// Test reports whether x is an infinity of a sign that counts.
func (o IsInf) Test(x float32) bool {
	return x > math.MaxFloat32 && !o.NoPositive || x < -math.MaxFloat32 && !o.NoNegative
}

// Eval tests each element.
func (o IsInf) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	x := in[0].Float32s()
	return []*tensor.Tensor{truths(out[0].Shape, func(i int) bool { return o.Test(x[i]) })}, nil
}

// Not is torch.logical_not of bool, torch.bitwise_not of int64.
//
// Input: x, any shape. Result: the type and shape of x.
type Not struct{}

// Kind is "bitwise_not", which is logical_not for bool.
func (Not) Kind() string { return "bitwise_not" }

// Signatures: bool and int64.
func (Not) Signatures() []graph.Signature { return each(1, boolean, i64) }

// Infer returns the type of x.
func (Not) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Eval inverts each element.
func (Not) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if out[0].DType == boolean {
		x := in[0].Uint8s()
		return []*tensor.Tensor{truths(out[0].Shape, func(i int) bool { return x[i] == 0 })}, nil
	}
	y := tensor.New(i64, out[0].Shape...)
	for i, v := range in[0].Int64s() {
		y.Int64s()[i] = ^v
	}
	return []*tensor.Tensor{y}, nil
}
