package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// MatMul multiplies matrices: a [..., M, K] by b [..., K, N], whose leading axes broadcast. On
// codes accumulators are exact integers, which are requantized as those of a linear layer with
// the weights b.
//
// Inputs: a, b. Result: [..., M, N].
type MatMul struct{}

// Kind is "matmul".
func (MatMul) Kind() string { return "matmul" }

// Signatures: float, and quint8 or qint8 in any combination; the result has parameters of its
// own.
func (MatMul) Signatures() []graph.Signature {
	sigs := each(2, f32, u8, i8)
	for _, mixed := range [][3]tensor.DType{{u8, i8, u8}, {i8, u8, u8}, {i8, i8, u8}, {u8, u8, i8}, {u8, i8, i8}, {i8, u8, i8}} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{mixed[0], mixed[1]}, Out: mixed[2]})
	}
	return sigs
}

// Infer returns [..., M, N].
func (MatMul) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	if len(a) < 2 || len(b) < 2 || a[len(a)-1] != b[len(b)-2] || a[len(a)-1] == 0 {
		return nil, fmt.Errorf("shapes %v and %v: expected [..., M, K] and [..., K, N], with K of at least 1", a, b)
	}
	if err := checkProducts(in[0].DType, a[len(a)-1]); err != nil {
		return nil, err
	}
	lead, err := broadcastShape(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		return nil, err
	}
	return like(in[0], append(lead, a[len(a)-2], b[len(b)-1]))
}

// Eval multiplies: in float each sum is rounded to float32 once, codes follow
// quant.NewLinearRequant.
func (MatMul) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	a, b, out := in[0], in[1], outs[0]
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		products(float64s(a), float64s(b), a.Shape(), b.Shape(), out.Shape, func(i int, sum float64) { y.Float32s()[i] = float32(sum) })
		return []*tensor.Tensor{y}, nil
	}
	if err := needIntegerRules(ctx, append(typesOf(in), out)...); err != nil {
		return nil, err
	}
	rule, err := quant.NewLinearRequant(ctx.Numerics, a.QParams(), b.QParams(), out.Q, out.DType, nil, quant.NoActivation, 1)
	if err != nil {
		return nil, err
	}
	codes := make([]int32, out.Shape.Numel())
	products(centred(a), centred(b), a.Shape(), b.Shape(), out.Shape, func(i int, sum int32) { codes[i] = rule.Code(sum, 0) })
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// products visits the elements of the product of [..., M, K] and [..., K, N] with their
// accumulators; in float64 the products of float32 numbers are exact.
func products[T int32 | float64](a, b []T, as, bs, out tensor.Shape, emit func(i int, sum T)) {
	k := as[len(as)-1]
	rowsAndColumns(as, bs, out, func(i, p, q, step int) {
		var sum T
		for j := range k {
			sum += a[p+j] * b[q+j*step]
		}
		emit(i, sum)
	})
}

// rowsAndColumns visits the elements of a matrix product, with the index where the row of a
// begins, the one where the column of b begins, and the column's stride.
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
