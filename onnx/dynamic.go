package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// The operators of dynamic quantization are read as they stand, on int64. rewrite.Dynamic
// finds the layers that they make up.
var dynamics = map[string]importer{
	"DynamicQuantizeLinear": simple(op.DynamicQuantize{}, 1),
	"ConvInteger":           readConvInteger,
	"MatMulInteger":         readMatMulInteger,
}

// contributedDynamics are those of ONNX Runtime's own domain.
var contributedDynamics = map[string]importer{
	"DynamicQuantizeMatMul": readDynamicQuantizeMatMul,
	"MatMulIntegerToFloat":  readMatMulIntegerToFloat,
	"DynamicQuantizeLSTM":   readDynamicQuantizeLSTM,
}

// integers returns input i as int64, and 0 where it is left out.
func (n *node) integers(i int) (*graph.Value, error) {
	if !n.has(i) {
		return n.constant(tensor.Of([]int64{0})), nil
	}
	return n.whole(n.in[i])
}

// plain is v without the parameters of codes.
func (n *node) plain(v *graph.Value) (*graph.Value, error) {
	if v.Role == graph.Parameter || !v.Type.DType.IsQuantized() {
		return v, nil
	}
	return n.step(op.IntRepr{}, v)
}

// whole is v as int64.
func (n *node) whole(v *graph.Value) (*graph.Value, error) {
	v, err := n.plain(v)
	if err != nil || v.Role == graph.Parameter || v.Type.DType != tensor.UInt8 && v.Type.DType != tensor.Int8 {
		return v, err
	}
	return n.step(op.Cast{To: tensor.Int64}, v)
}

// accepted returns operands that o computes with: integers of eight bits become int64 where it
// has no rule for them.
func (n *node) accepted(o graph.Op, in []*graph.Value) ([]*graph.Value, error) {
	narrow := func(v *graph.Value) bool { return v.Type.DType.Size() == 1 && v.Type.DType != tensor.Bool }
	if !slices.ContainsFunc(in, narrow) || graph.New("").AddNode("", o, in...).Node.CheckSignature() == nil {
		return in, nil
	}
	wide := slices.Clone(in)
	for i, v := range in {
		var err error
		if wide[i], err = n.whole(v); err != nil {
			return nil, err
		}
	}
	return wide, nil
}

// zeros returns the zero points at input i so that they broadcast to an operand: several are
// those along the axis that has so many axes behind it.
func (n *node) zeros(i, behind int) (*graph.Value, error) {
	zero, err := n.integers(i)
	if err != nil || !n.has(i) || isZeroPoint(n.in[i]) {
		return zero, err
	}
	rank := -1
	if f, ok := n.Facts[zero]; ok {
		rank = len(f.Shape)
	} else if zero.Role == graph.Parameter {
		rank = len(zero.Type.Shape)
	}
	switch {
	case rank < 0:
		return nil, fmt.Errorf("the shape of its zero points is %w; octet.WithShape may tell it", graph.ErrComputed)
	case rank != 1:
		return zero, nil
	}
	shape := []int{-1}
	for range behind {
		shape = append(shape, 1)
	}
	return n.step(op.Reshape{Shape: shape}, zero)
}

// isZeroPoint reports whether v is the one zero point that was chosen in the run.
func isZeroPoint(v *graph.Value) bool {
	if v.Node == nil {
		return false
	}
	_, ok := v.Node.Op.(op.DynamicQuantize)
	return ok
}

func readConvInteger(n *node) ([]*graph.Value, error) {
	weight, kernel, err := n.filter()
	if err != nil {
		return nil, err
	}
	if len(kernel) > 2 {
		return nil, fmt.Errorf("kernel of extents %v: one or two spatial axes are read", kernel)
	}
	w, err := n.window(kernel)
	if err != nil {
		return nil, err
	}
	groups, err := n.number("group", 1)
	if err != nil {
		return nil, err
	}
	in := []*graph.Value{n.in[0], weight}
	for i, v := range in {
		if in[i], err = n.lifted(w, v); err == nil {
			in[i], err = n.whole(in[i])
		}
		if err != nil {
			return nil, err
		}
	}
	zero, err := n.integers(2)
	if err != nil {
		return nil, err
	}
	weightZero, err := n.zeros(3, 3)
	if err != nil {
		return nil, err
	}
	in = append(in, zero, weightZero)
	return n.finished(w, op.IntegerConv2D{Conv: w.conv(groups)}, in...)
}

// integerMatMul is the operands of the product of a and input b, whose zero points are za and
// input zb.
func (n *node) integerMatMul(a *graph.Value, b int, za *graph.Value, zb int) ([]*graph.Value, error) {
	left, err := n.whole(a)
	if err != nil {
		return nil, err
	}
	right, err := n.integers(b)
	if err != nil {
		return nil, err
	}
	zero, err := n.zeros(zb, 0)
	return []*graph.Value{left, right, za, zero}, err
}

func readMatMulInteger(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	za, err := n.zeros(2, 1)
	if err != nil {
		return nil, err
	}
	in, err := n.integerMatMul(n.in[0], 1, za, 3)
	if err != nil {
		return nil, err
	}
	return n.result(op.IntegerMatMul{}, in...)
}

// scaledSums makes numbers of the integer sums of a product: times both scales, plus the bias
// that may be input bias.
func (n *node) scaledSums(sums, a, b *graph.Value, bias int) ([]*graph.Value, error) {
	real, err := n.step(op.Cast{To: tensor.Float32}, sums)
	if err != nil {
		return nil, err
	}
	scale, err := n.step(op.Mul{}, a, b)
	if err != nil {
		return nil, err
	}
	if !n.has(bias) {
		return n.result(op.Mul{}, real, scale)
	}
	if real, err = n.step(op.Mul{}, real, scale); err != nil {
		return nil, err
	}
	return n.result(op.Add{}, real, n.in[bias])
}

// sums adds integerMatMul in front of the operator that computes the result.
func (n *node) sums(a *graph.Value, b int, za *graph.Value, zb int) (*graph.Value, error) {
	in, err := n.integerMatMul(a, b, za, zb)
	if err != nil {
		return nil, err
	}
	return n.step(op.IntegerMatMul{}, in...)
}

func readDynamicQuantizeMatMul(n *node) ([]*graph.Value, error) {
	if err := n.need(3); err != nil {
		return nil, err
	}
	x, err := n.step(op.DynamicQuantize{}, n.in[0])
	if err != nil {
		return nil, err
	}
	if x.Node == nil {
		return nil, fmt.Errorf("it quantizes a constant")
	}
	codes := x.Node.Outputs
	za, err := n.whole(codes[2])
	if err != nil {
		return nil, err
	}
	sums, err := n.sums(codes[0], 1, za, 3)
	if err != nil {
		return nil, err
	}
	return n.scaledSums(sums, codes[1], n.in[2], 4)
}

func readMatMulIntegerToFloat(n *node) ([]*graph.Value, error) {
	if err := n.need(4); err != nil {
		return nil, err
	}
	za, err := n.zeros(4, 1)
	if err != nil {
		return nil, err
	}
	sums, err := n.sums(n.in[0], 1, za, 5)
	if err != nil {
		return nil, err
	}
	return n.scaledSums(sums, n.in[2], n.in[3], 6)
}

// readDynamicQuantizeLSTM reads an LSTM whose weights are codes, [D, I, 4*H].
func readDynamicQuantizeLSTM(n *node) ([]*graph.Value, error) {
	if err := n.need(3); err != nil {
		return nil, err
	}
	coupled, err := n.flag("input_forget", false)
	if err != nil {
		return nil, err
	}
	r, in, err := n.recurrence(8)
	if err != nil {
		return nil, err
	}
	for i, at := range []int{8, 10} {
		if in[1+i], err = n.gateCodes(1+i, at); err != nil {
			return nil, err
		}
	}
	n.integer()
	return n.add(n.first(), op.DynamicLSTM{LSTM: op.LSTM{Recurrence: r, InputForget: coupled}}, in...)
}

// gateCodes returns the codes of the weights at input i, [D, K, G*H], as rows of K: [D*G*H, K],
// with their scales and zero points from input at on, of all, by direction or by row.
func (n *node) gateCodes(i, at int) (*graph.Value, error) {
	if !n.has(at) || n.in[i].Role != graph.Parameter {
		return nil, fmt.Errorf("its weights are computed, or have no scales; constant ones with scales are read")
	}
	stored, scales := n.stored[n.in[i]], n.in[at]
	if stored == nil || len(stored.Shape()) != 2 && len(stored.Shape()) != 3 || scales.Role != graph.Parameter || scales.Type.DType != tensor.Float32 {
		return nil, fmt.Errorf("input %d is %v with scales %v; constant codes of two or three axes are read", i, n.in[i].Type, scales.Type)
	}
	dtype, err := codesOf(stored.DType())
	if err != nil {
		return nil, err
	}
	zero := make([]int64, scales.Data.Numel())
	if n.has(at + 1) {
		z, err := n.known(at+1, "zero point")
		if err != nil {
			return nil, err
		}
		if z.Numel() != len(zero) || z.DType() != tensor.Int64 {
			return nil, fmt.Errorf("%d scales and the zero points %v; a whole number for each is expected", len(zero), z)
		}
		zero = z.Int64s()
	}
	s := stored.Shape()
	if len(s) == 2 { // of one direction
		s = tensor.Shape{1, s[0], s[1]}
	}
	directions, k, rows := s[0], s[1], s[2]
	each := directions * rows
	if len(zero) == 0 || each%len(zero) != 0 {
		return nil, fmt.Errorf("%d scales for %d rows of weights", len(zero), each)
	}
	wide, zeros := make([]float64, each), make([]int64, each)
	for row := range wide {
		from := row / (each / len(zero))
		wide[row], zeros[row] = float64(scales.Data.Float32s()[from]), zero[from]
	}
	q := tensor.PerAxis(wide, zeros, 0)
	if err := q.Validate(dtype, tensor.Shape{each, k}); err != nil {
		return nil, fmt.Errorf("input %d: %w", i, err)
	}
	codes, err := tensor.Decode(dtype, q, tensor.Shape{each, k}, func(raw []byte) error {
		from := stored.Bytes()
		for d := range directions {
			for j := range k {
				for row := range rows {
					raw[(d*rows+row)*k+j] = from[(d*k+j)*rows+row]
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return n.constant(codes), nil
}
