package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// MatMul multiplies matrices: a [..., M, K] by b [..., K, N], with equal leading
// axes. On codes the operands are dequantized, multiplied as floats, and the
// product is quantized.
//
// Inputs: a, b. Result: [..., M, N].
type MatMul struct{}

// Kind is "matmul".
func (MatMul) Kind() string { return "matmul" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (MatMul) Signatures() []graph.Signature { return each(2, f32, u8, i8) }

// Infer returns [..., M, N].
func (MatMul) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	n := len(a)
	if n < 2 || len(b) != n || !a[:n-2].Equal(b[:n-2]) || a[n-1] != b[n-2] {
		return nil, fmt.Errorf("shapes %v and %v: expected [..., M, K] and [..., K, N] with equal leading axes", a, b)
	}
	out := a.Clone()
	out[n-1] = b[n-1]
	return like(in[0], out)
}

// Eval multiplies real numbers and rounds each sum once; codes are dequantized
// before and quantized after.
func (MatMul) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	if out.DType == f32 {
		return []*tensor.Tensor{tensor.Of(matmul(in[0].Float32s(), in[1].Float32s(), in[0].Shape(), out.Shape), out.Shape...)}, nil
	}
	if err := needIntegerRules(ctx, append(typesOf(in), out)...); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{quantized(matmul(reals(in[0]), reals(in[1]), in[0].Shape(), out.Shape), out)}, nil
}

// matmul computes [..., M, K] x [..., K, N].
func matmul(a, b []float32, shape, out tensor.Shape) []float32 {
	rank := len(out)
	m, k, n := out[rank-2], shape[rank-1], out[rank-1]
	y := make([]float32, out.Numel())
	for i := range y {
		row, col := i/n, i%n
		batch := row / m
		var sum float64
		for j := range k {
			sum += float64(a[row*k+j]) * float64(b[(batch*k+j)*n+col]) // exact product
		}
		y[i] = float32(sum)
	}
	return y
}

// Gradient is that of a, up times b transposed, and of b, a transposed times up.
func (o MatMul) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	rank := len(up.Shape())
	m, k, n := up.Dim(rank-2), in[0].Dim(rank-1), up.Dim(rank-1)
	a, b := float64s(in[0]), float64s(in[1])
	da, db := make([]float64, len(a)), make([]float64, len(b))
	for i, v := range up.Float32s() {
		row, col := i/n, i%n
		for j := range k {
			p, q := row*k+j, (row/m*k+j)*n+col
			da[p] += float64(v) * b[q]
			db[q] += float64(v) * a[p]
		}
	}
	return []*tensor.Tensor{rounded(da, in[0].Shape()), rounded(db, in[1].Shape())}, nil
}
