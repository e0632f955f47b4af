package op

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// wholeProducts is the signature of products of integers with zero points: a, b, and the
// zero points of both.
var wholeProducts = []graph.Signature{{In: []tensor.DType{i64, i64, i64, i64}, Out: i64}}

// wrapped returns the elements of an int64 tensor minus zero points, which broadcast to its
// shape, wrapped to int32.
func wrapped(x, zero *tensor.Tensor) []int32 {
	v := make([]int32, x.Numel())
	pairs(x.Shape(), zero.Shape(), x.Shape(), func(i, a, b int) { v[i] = int32(x.Int64s()[a]) - int32(zero.Int64s()[b]) })
	return v
}

// checkZeros checks that the zero points of operand i broadcast to it.
func checkZeros(in []graph.Fact, i int) error {
	if s, err := broadcastShape(in[i].Shape, in[2+i].Shape); err != nil || !s.Equal(in[i].Shape) {
		return fmt.Errorf("zero points of shape %v for input %d of shape %v; they must broadcast to it", in[2+i].Shape, i, in[i].Shape)
	}
	return nil
}

// IntegerConv2D is ONNX's ConvInteger: a convolution of integers, each minus its zero point,
// with int32 accumulators that wrap around. Padding is the zero point.
//
// Inputs: x [N, C, H, W], weight [O, C/Groups, kh, kw], and their zero points, which broadcast
// to them. Result: that of Conv.
type IntegerConv2D struct {
	Conv Conv2D `json:"conv"`
}

// Kind is "integer_conv2d".
func (IntegerConv2D) Kind() string { return "integer_conv2d" }

// Signatures: int64, which holds the integers of all types.
func (IntegerConv2D) Signatures() []graph.Signature { return wholeProducts }

// Infer returns [N, O, OH, OW].
func (o IntegerConv2D) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 4, 4); err != nil {
		return nil, err
	}
	types, err := o.Conv.Infer(in[:2])
	if err != nil {
		return nil, err
	}
	for i := range 2 {
		if err := checkZeros(in, i); err != nil {
			return nil, err
		}
	}
	types[0].DType = i64
	return types, nil
}

// Eval convolves.
func (o IntegerConv2D) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	x, w, out := in[0], in[1], outs[0].Shape
	y := tensor.New(i64, out...)
	plane := out[2] * out[3]
	convolve(o.Conv, wrapped(x, in[2]), wrapped(w, in[3]), x.Shape(), w.Shape(), out, func(n, c int, sums []int32) {
		for i, v := range sums {
			y.Int64s()[(n*out[1]+c)*plane+i] = int64(v)
		}
	})
	return []*tensor.Tensor{y}, nil
}

// IntegerMatMul is ONNX's MatMulInteger: a matrix multiplication of integers, each minus its
// zero point, with int32 accumulators that wrap around.
//
// Inputs: a [..., M, K], b [..., K, N], whose leading axes broadcast, and their zero points,
// which broadcast to them. Result: [..., M, N]. A vector a is a matrix of one row, a vector b one
// of one column, and the result does not have that axis.
type IntegerMatMul struct{}

// Kind is "integer_matmul".
func (IntegerMatMul) Kind() string { return "integer_matmul" }

// Signatures: int64, which holds the integers of all types.
func (IntegerMatMul) Signatures() []graph.Signature { return wholeProducts }

// Infer returns [..., M, N].
func (IntegerMatMul) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 4, 4); err != nil {
		return nil, err
	}
	for i := range 2 {
		if err := checkZeros(in, i); err != nil {
			return nil, err
		}
	}
	a, b := matrices(in[0].Shape, in[1].Shape)
	types, err := MatMul{}.Infer([]graph.Fact{{Type: graph.Type{DType: in[0].DType, Shape: a}}, {Type: graph.Type{DType: in[1].DType, Shape: b}}})
	if err != nil {
		return nil, err
	}
	y := types[0].Shape
	if len(in[0].Shape) == 1 {
		y = slices.Delete(y, len(y)-2, len(y)-1)
	}
	if len(in[1].Shape) == 1 {
		y = y[:len(y)-1]
	}
	types[0].Shape = y
	return types, nil
}

// matrices are the shapes of operands of a product, vectors being matrices of one row or column.
func matrices(a, b tensor.Shape) (tensor.Shape, tensor.Shape) {
	if len(a) == 1 {
		a = tensor.Shape{1, a[0]}
	}
	if len(b) == 1 {
		b = tensor.Shape{b[0], 1}
	}
	return a, b
}

// Eval multiplies.
func (IntegerMatMul) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	a, b := matrices(in[0].Shape(), in[1].Shape())
	y := tensor.New(i64, outs[0].Shape...)
	lead, err := broadcastShape(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		return nil, err
	}
	products(wrapped(in[0], in[2]), wrapped(in[1], in[3]), a, b, append(lead, a[len(a)-2], b[len(b)-1]), func(i int, sum int32) { y.Int64s()[i] = int64(sum) })
	return []*tensor.Tensor{y}, nil
}
