package rewrite

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Dynamic returns a copy of a graph in which the products of dynamically quantized
// activations that ONNX files write out, on int64, are operators of their own:
//
//	real(IntegerConv2D(x, w, zero_x, zero_w)) * (scale_x * scale_w) + bias
//
// is DynamicConv2D, the same with IntegerMatMul is DynamicLinear or, of two activations,
// DynamicMatMul. So is the quantization of rows by ranges of their own, and what reads their
// codes. Sums that are used in another way stay as they are.
func Dynamic(g *graph.Graph) (*graph.Graph, error) {
	return graph.Rewrite(g, graph.Pass{Name: "dynamic quantization", Run: func(g *graph.Graph) (changed bool, err error) {
		for _, n := range append([]*graph.Node(nil), g.Nodes...) {
			switch o := n.Op.(type) {
			case op.DequantizeWhole:
				changed = fuseEmbedding(g, n, o) || changed
			case op.Cast:
				changed = o == wrapped && fuseRows(g, n) || changed
			case op.IntegerConv2D, op.IntegerMatMul:
				changed = fuseDynamic(g, n) || changed
			}
		}
		if changed {
			g.Numerics = quant.ONNX
		}
		return changed, nil
	}})
}

// scaledSums is what stands behind a product of integers.
type scaledSums struct {
	last    *graph.Node // its result is that of the whole
	squeeze graph.Op    // in front of the rest, or nil
	scales  [2]*graph.Value
	bias    *tensor.Tensor // or nil
	floored bool
}

// fuseDynamic makes one node of the product n and what scales its sums.
func fuseDynamic(g *graph.Graph, n *graph.Node) bool {
	x, zero, sums := codesOf(n.Inputs[0]), codesOf(n.Inputs[2]), n.Output()
	conv, isConv := n.Op.(op.IntegerConv2D)
	rows := rowsOf(x)
	var by []int64
	if rows != nil {
		if sums, by = withoutZeros(g, sums, rows); sums == nil || isConv || !isZero(n.Inputs[2]) {
			return false
		}
		zero = rows.Outputs[2]
	}
	s, ok := sumsBehind(g, sums)
	if !ok || x == nil || zero == nil || !isScale(s.scales[0]) || rowsOf(s.scales[0]) != rows || rowsOf(zero) != rows {
		return false
	}
	in := []*graph.Value{x, s.scales[0], zero}
	var o graph.Op
	var bias *tensor.Tensor
	w, wz := n.Inputs[1], n.Inputs[3]
	if w.Role != graph.Parameter {
		y, zero := codesOf(w), codesOf(wz)
		if isConv || y == nil || zero == nil || !isScale(s.scales[1]) || s.bias != nil || rows != nil || rowsOf(y) != nil || rowsOf(s.scales[1]) != nil || rowsOf(zero) != nil {
			return false
		}
		o, in = op.DynamicMatMul{}, append(in, y, s.scales[1], zero)
	} else {
		weight := weightOf(w, wz, s.scales[1], !isConv)
		if weight == nil || rows != nil && !equalSums(weight, by) {
			return false
		}
		channels := weight.Dim(0)
		if s.bias != nil {
			axis := 0 // from the last one
			if isConv {
				if axis = 2; s.squeeze != nil && !s.floored {
					axis = 1
				}
			}
			if bias = along(s.bias, axis, channels); bias == nil {
				return false
			}
		}
		if o = graph.Op(op.DynamicConv2D{Conv: conv.Conv, FloorBias: s.floored}); !isConv {
			if s.floored {
				return false
			}
			o = op.DynamicLinear{ByRow: rows != nil}
		}
		in = append(in, g.AddConst(s.last.Name+"/weight", weight))
		if bias != nil {
			in = append(in, g.AddConst(s.last.Name+"/bias", bias))
		}
	}
	if s.squeeze == nil {
		s.last.Op, s.last.Inputs = o, in
		return true
	}
	real := g.InsertAfter(n.Output(), s.last.Name+"/dynamic", o, graph.Float32, in...)
	s.last.Op, s.last.Inputs = s.squeeze, []*graph.Value{real}
	return true
}

// codesOf returns the uint8 codes of which v is the cast to int64, or nil.
func codesOf(v *graph.Value) *graph.Value {
	if v.Node == nil {
		return nil
	}
	if c, ok := v.Node.Op.(op.Cast); !ok || c.To != tensor.Int64 || c.Via != tensor.Invalid {
		return nil
	}
	if from := v.Node.Inputs[0]; from.Type.DType == tensor.UInt8 {
		return from
	}
	return nil
}

// isZero reports whether v is the constant 0.
func isZero(v *graph.Value) bool {
	return v.Role == graph.Parameter && v.Type.DType == tensor.Int64 && v.Data.Numel() == 1 && v.Data.Int64s()[0] == 0
}

// isScale reports whether v is a scale that was chosen in the run.
func isScale(v *graph.Value) bool {
	if v == nil || v.Node == nil {
		return false
	}
	_, ok := v.Node.Op.(op.DynamicQuantize)
	return ok && v == v.Node.Outputs[1]
}

// sumsBehind finds what scales the sums of a product.
func sumsBehind(g *graph.Graph, sums *graph.Value) (s scaledSums, ok bool) {
	if next := g.SoleConsumer(sums); next != nil {
		if _, ok := next.Op.(op.Squeeze); ok {
			s.squeeze, sums = next.Op, next.Output()
		}
	}
	next := g.SoleConsumer(sums)
	if next == nil {
		return s, false
	}
	if _, add := next.Op.(op.Add); add {
		if s.bias, s.scales = flooredBias(other(next, sums)); s.bias == nil {
			return s, false
		}
		s.floored, sums = true, next.Output()
		if next = g.SoleConsumer(sums); next == nil {
			return s, false
		}
	}
	if c, ok := next.Op.(op.Cast); !ok || c.To != tensor.Float32 || c.Via != tensor.Invalid {
		return s, false
	}
	real := next.Output()
	mul := g.SoleConsumer(real)
	if !isPlain(mul, op.Mul{}) {
		return s, false
	}
	scales, found := scalesOf(other(mul, real))
	if !found || s.floored && scales != s.scales {
		return s, false
	}
	s.scales, s.last = scales, mul
	if s.floored {
		return s, true
	}
	if add := g.SoleConsumer(mul.Output()); isPlain(add, op.Add{}) {
		if b := other(add, mul.Output()); b.Role == graph.Parameter && b.Type.DType == tensor.Float32 {
			s.bias, s.last = b.Data, add
		}
	}
	return s, true
}

// isPlain reports whether n applies o, without a clamp.
func isPlain(n *graph.Node, o graph.Op) bool { return n != nil && n.Op == o }

// other is the operand of n, which has two, that is not v.
func other(n *graph.Node, v *graph.Value) *graph.Value {
	if n.Inputs[0] == v {
		return n.Inputs[1]
	}
	return n.Inputs[0]
}

// scalesOf returns the factors of a scale, that of an activation first.
func scalesOf(v *graph.Value) ([2]*graph.Value, bool) {
	if !isPlain(v.Node, op.Mul{}) {
		return [2]*graph.Value{}, false
	}
	a, b := v.Node.Inputs[0], v.Node.Inputs[1]
	if !isScale(a) {
		a, b = b, a
	}
	return [2]*graph.Value{a, b}, true
}

// flooredBias returns the constant b of whole(floor(b / (scale_x * scale_w))), and the scales.
func flooredBias(v *graph.Value) (*tensor.Tensor, [2]*graph.Value) {
	var none [2]*graph.Value
	if v.Node == nil {
		return nil, none
	}
	n := v.Node
	reshape, reshaped := n.Op.(op.Reshape)
	if reshaped {
		if n = n.Inputs[0].Node; len(v.Node.Inputs) > 1 {
			return nil, none
		}
	}
	step := func(is func(o graph.Op) bool) {
		if n != nil && is(n.Op) {
			n = n.Inputs[0].Node
		} else {
			n = nil
		}
	}
	step(func(o graph.Op) bool { c, ok := o.(op.Cast); return ok && c.To == tensor.Int64 })
	step(func(o graph.Op) bool { return o == op.Function{Name: "floor"} })
	if n == nil {
		return nil, none
	}
	if d, ok := n.Op.(op.Div); !ok || d != (op.Div{}) || n.Inputs[0].Role != graph.Parameter {
		return nil, none
	}
	scales, ok := scalesOf(n.Inputs[1])
	if !ok {
		return nil, none
	}
	b := n.Inputs[0].Data
	if !reshaped {
		return b, scales
	}
	types, err := reshape.Infer(graph.FactsOf(b))
	if err != nil {
		return nil, none
	}
	return tensor.Of(b.Float32s(), types[0].Shape...), scales
}

// along returns t as a vector of so many numbers, if that is what it has along the axis that
// has so many behind it.
func along(t *tensor.Tensor, behind, channels int) *tensor.Tensor {
	s := t.Shape()
	if t.Numel() != channels {
		return nil
	}
	if at := len(s) - 1 - behind; len(s) > 1 && channels > 1 && (at < 0 || s[at] != channels) {
		return nil
	}
	if len(s) == 1 && behind > 0 && channels > 1 {
		return nil
	}
	return tensor.Of(t.Float32s(), channels)
}

// weightOf returns a constant weight as codes with its scale, of all or by output channel; a
// transposed one is [K, O]. It is nil where w is no such constant.
func weightOf(w, zero, scale *graph.Value, transposed bool) *tensor.Tensor {
	if zero.Role != graph.Parameter || scale.Role != graph.Parameter || scale.Type.DType != tensor.Float32 {
		return nil
	}
	s := w.Data.Shape()
	if transposed {
		if len(s) != 2 {
			return nil
		}
		s = tensor.Shape{s[1], s[0]}
	}
	q := parametersOf(scale.Data, zero.Data, s[0])
	if q == nil || s[1:].Numel() == 0 {
		return nil
	}
	k := s[1:].Numel()
	return codesIn(w.Data.Int64s(), q, s, func(i int) int {
		if transposed {
			return i%s[0]*k + i/s[0]
		}
		return i
	})
}

// codesIn returns whole numbers as codes with parameters q, number i at place(i), in the first of
// qint8 and quint8 that holds them; nil where neither does.
func codesIn(codes []int64, q *tensor.QParams, s tensor.Shape, place func(i int) int) *tensor.Tensor {
	for _, d := range []tensor.DType{tensor.QInt8, tensor.QUInt8} {
		if !fit(codes, d) || !fit(q.ZeroPoints, d) {
			continue
		}
		t, err := tensor.Decode(d, q, s, func(raw []byte) error {
			for i, c := range codes {
				raw[place(i)] = byte(c)
			}
			return nil
		})
		if err == nil {
			return t
		}
	}
	return nil
}

// fit reports whether all codes are of type d.
func fit(codes []int64, d tensor.DType) bool {
	lo, hi := d.CodeRange()
	for _, c := range codes {
		if c < lo || c > hi {
			return false
		}
	}
	return true
}

// parametersOf returns the parameters of a weight of so many output channels, or nil.
func parametersOf(scale, zero *tensor.Tensor, channels int) *tensor.QParams {
	scales, zeros := scale.Float32s(), zero.Int64s()
	if len(scales) == 1 && len(zeros) == 1 {
		return valid(tensor.Affine(float64(scales[0]), zeros[0]))
	}
	if len(scales) != 1 && len(scales) != channels || len(zeros) != 1 && len(zeros) != channels {
		return nil
	}
	wide, each := make([]float64, channels), make([]int64, channels)
	for c := range wide {
		wide[c], each[c] = float64(scales[c%len(scales)]), zeros[c%len(zeros)]
	}
	return valid(tensor.PerAxis(wide, each, 0))
}

// valid is q if its scales are those of codes, else nil.
func valid(q *tensor.QParams) *tensor.QParams {
	for _, s := range q.Scales {
		if !(s > 0) {
			return nil
		}
	}
	return q
}
