package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// ints are the element types of sizes and indices.
const i64 = tensor.Int64

// broadcastShape is the shape that a and b broadcast to by NumPy's rule: aligned at the last
// axis, and an extent of 1 repeats.
func broadcastShape(a, b tensor.Shape) (tensor.Shape, error) {
	long, short := a, b
	if len(a) < len(b) {
		long, short = b, a
	}
	out := long.Clone()
	lead := len(long) - len(short)
	for i, n := range short {
		switch m := out[lead+i]; {
		case m == 1:
			out[lead+i] = n
		case n != 1 && n != m:
			return nil, fmt.Errorf("shapes %v and %v do not broadcast: %d and %d differ and neither is 1", a, b, m, n)
		}
	}
	return out, nil
}

// inferBinary infers a function of two numbers.
func inferBinary(o Binary, in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	if err := checkActivation(o.Clamp()); err != nil {
		return nil, err
	}
	shape, err := broadcastShape(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	return like(in[0], shape)
}

// pairs visits the elements of a result of shape to, with the index of the element of
// each operand.
func pairs(a, b, to tensor.Shape, visit func(i, j, k int)) {
	strideA, strideB := broadcastStrides(a, to), broadcastStrides(b, to)
	at := make([]int, len(to))
	j, k := 0, 0
	for i := range to.Numel() {
		visit(i, j, k)
		for axis := len(to) - 1; axis >= 0; axis-- {
			at[axis]++
			j, k = j+strideA[axis], k+strideB[axis]
			if at[axis] < to[axis] {
				break
			}
			at[axis] = 0
			j, k = j-strideA[axis]*to[axis], k-strideB[axis]*to[axis]
		}
	}
}

// broadcastStrides are the strides of a row-major value of shape s along the axes of a result
// of shape to: 0 where it repeats.
func broadcastStrides(s, to tensor.Shape) []int {
	strides, size := make([]int, len(to)), 1
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 1 {
			strides[len(to)-len(s)+i] = size
		}
		size *= s[i]
	}
	return strides
}

// evalBinary applies o to float32 elements, or whole to int64 elements.
func evalBinary(o Binary, in []*tensor.Tensor, out graph.Type, whole func(a, b int64) (int64, error)) ([]*tensor.Tensor, error) {
	a, b := in[0].Shape(), in[1].Shape()
	y := tensor.New(out.DType, out.Shape...)
	if out.DType == f32 {
		p, q, act := in[0].Float32s(), in[1].Float32s(), o.Clamp()
		pairs(a, b, out.Shape, func(i, j, k int) { y.Float32s()[i] = act.Float(o.Real(p[j], q[k])) })
		return []*tensor.Tensor{y}, nil
	}
	var failed error
	p, q := in[0].Int64s(), in[1].Int64s()
	pairs(a, b, out.Shape, func(i, j, k int) {
		v, err := whole(p[j], q[k])
		if err != nil && failed == nil {
			failed = err
		}
		y.Int64s()[i] = v
	})
	return []*tensor.Tensor{y}, failed
}

// evalBinaryCodes applies rule to codes.
func evalBinaryCodes(in []*tensor.Tensor, out graph.Type, rule func(a, b int32) int32) []*tensor.Tensor {
	a, b := codesOf(in[0]), codesOf(in[1])
	codes := make([]int32, out.Shape.Numel())
	pairs(in[0].Shape(), in[1].Shape(), out.Shape, func(i, j, k int) { codes[i] = rule(a[j], b[k]) })
	return []*tensor.Tensor{ofCodes(codes, out)}
}

// binaryGradient is Gradient of a function of two numbers with the partial derivatives that d
// returns. The gradient of an element that repeats is the sum over its repetitions.
func binaryGradient(o Binary, in []*tensor.Tensor, up *tensor.Tensor, d func(a, b float64) (da, db float64)) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	a, b, to := in[0].Shape(), in[1].Shape(), up.Shape()
	p, q := in[0].Float32s(), in[1].Float32s()
	result := make([]float32, to.Numel())
	pairs(a, b, to, func(i, j, k int) { result[i] = o.Real(p[j], q[k]) })
	return pairGradient(in, behind(o.Clamp(), result, up), to, d), nil
}

// pairGradient takes the gradient g of a result of shape to back to both operands.
func pairGradient(in []*tensor.Tensor, g []float64, to tensor.Shape, d func(a, b float64) (da, db float64)) []*tensor.Tensor {
	a, b := in[0].Shape(), in[1].Shape()
	p, q := in[0].Float32s(), in[1].Float32s()
	ga, gb := make([]float64, len(p)), make([]float64, len(q))
	pairs(a, b, to, func(i, j, k int) {
		da, db := d(float64(p[j]), float64(q[k]))
		ga[j] += float64(g[i] * da)
		gb[k] += float64(g[i] * db)
	})
	return []*tensor.Tensor{rounded(ga, a), rounded(gb, b)}
}

// ruleOf is the preset whose rule of addition is used: qnnpack has its own for operands of
// equal shape only, and otherwise takes fbgemm's.
func ruleOf(n quant.Numerics, a, b tensor.Shape) quant.Numerics {
	if n == quant.QNNPACK && !a.Equal(b) {
		return quant.FBGEMM
	}
	return n
}

// Exchanged reports whether the operands of an addition change places before its rule is
// applied: ONNX Runtime's kernel takes a scalar, which it adds to a run of elements, as its
// second operand. Runs go along the last axis of the result with more than one element.
func Exchanged(n quant.Numerics, a, b, to tensor.Shape) bool {
	if n != quant.ONNX {
		return false
	}
	for axis := len(to) - 1; axis >= 0; axis-- {
		if to[axis] != 1 {
			at := axis - len(to) + len(a)
			return at < 0 || a[at] == 1
		}
	}
	return true
}
