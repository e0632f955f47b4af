package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// MatMul multiplies matrices: a [..., M, K] by b [..., K, N], whose leading axes
// broadcast. On codes the operands are dequantized, multiplied as floats, and the
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
	if len(a) < 2 || len(b) < 2 || a[len(a)-1] != b[len(b)-2] {
		return nil, fmt.Errorf("shapes %v and %v: expected [..., M, K] and [..., K, N]", a, b)
	}
	lead, err := broadcastShape(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		return nil, err
	}
	return like(in[0], append(lead, a[len(a)-2], b[len(b)-1]))
}

// Eval multiplies real numbers and rounds each sum once; codes are dequantized
// before and quantized after.
func (MatMul) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	if out.DType == f32 {
		return []*tensor.Tensor{tensor.Of(matmul(in[0].Float32s(), in[1].Float32s(), in[0].Shape(), in[1].Shape(), out.Shape), out.Shape...)}, nil
	}
	if err := needIntegerRules(ctx, append(typesOf(in), out)...); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{quantized(matmul(reals(in[0]), reals(in[1]), in[0].Shape(), in[1].Shape(), out.Shape), out)}, nil
}

// matmul computes [..., M, K] x [..., K, N].
func matmul(a, b []float32, as, bs, out tensor.Shape) []float32 {
	k, y := as[len(as)-1], make([]float32, out.Numel())
	rowsAndColumns(as, bs, out, func(i, p, q, step int) {
		var sum float64
		for j := range k {
			sum += float64(a[p+j]) * float64(b[q+j*step]) // exact product
		}
		y[i] = float32(sum)
	})
	return y
}

// rowsAndColumns visits the elements of a product of matrices, with the place of the
// row of a, of the column of b, and the distance of the column's elements.
func rowsAndColumns(as, bs, out tensor.Shape, visit func(i, p, q, step int)) {
	rank := len(out)
	m, n, k := out[rank-2], out[rank-1], as[len(as)-1]
	pairs(as[:len(as)-2], bs[:len(bs)-2], out[:rank-2], func(batch, x, y int) {
		for row := range m {
			for col := range n {
				visit((batch*m+row)*n+col, (x*m+row)*k, y*k*n+col, n)
			}
		}
	})
}

// Gradient is that of a, up times b transposed, and of b, a transposed times up.
func (o MatMul) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	as, bs := in[0].Shape(), in[1].Shape()
	a, b := float64s(in[0]), float64s(in[1])
	da, db := make([]float64, len(a)), make([]float64, len(b))
	rowsAndColumns(as, bs, up.Shape(), func(i, p, q, step int) {
		v := float64(up.Float32s()[i])
		for j := range as[len(as)-1] {
			da[p+j] += v * b[q+j*step]
			db[q+j*step] += v * a[p+j]
		}
	})
	return []*tensor.Tensor{rounded(da, as), rounded(db, bs)}, nil
}
