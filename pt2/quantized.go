package pt2

import (
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// coders turn reals into codes and back: what PT2E quantization puts around operators. As in ONNX
// files, a rewrite finds the operators between them that compute on codes. Their rules are those of
// FBGEMM: as PyTorch does, it multiplies by the inverse of a scale, and adds a float bias to the sums.
var coders = map[string]importer{
	decomposed + "quantize_per_tensor.default":    readQuantize,
	decomposed + "quantize_per_tensor.tensor":     readQuantize,
	decomposed + "quantize_per_tensor.tensor2":    readQuantize,
	decomposed + "quantize_per_channel.default":   readQuantize,
	decomposed + "dequantize_per_tensor.default":  readDequantize,
	decomposed + "dequantize_per_tensor.tensor":   readDequantize,
	decomposed + "dequantize_per_tensor.tensor2":  readDequantize,
	decomposed + "dequantize_per_channel.default": readDequantize,
}

// decomposed is the namespace of these operators.
const decomposed = "quantized_decomposed."

// codesOf is the quantized type whose codes a program stores as integers of type d.
func (n *node) codesOf(d int) tensor.DType {
	switch stored := dtypes[d]; stored {
	case tensor.UInt8:
		return tensor.QUInt8
	case tensor.Int8:
		return tensor.QInt8
	default:
		n.Refuse("codes of type %v; int8 and uint8 are read", stored)
	}
	return tensor.Invalid
}

// plainOf is the type of integers that a program has for codes of type d.
func plainOf(d tensor.DType) tensor.DType {
	if d == tensor.QInt8 {
		return tensor.Int8
	}
	return tensor.UInt8
}

// numbersOf are the elements of a constant operand, one for each scale; nil where it is None.
func (n *node) numbersOf(name string) *tensor.Tensor {
	v := n.optional(name)
	if v == nil {
		return nil
	}
	t := n.ConstantOf(v)
	if t == nil {
		n.Refuse("its operand %q is %w: scales that are chosen at run time, those of dynamic quantization, are not read", name, graph.ErrComputed)
	}
	return t
}

// qparams are the scales and zero points of codes of type d.
func (n *node) qparams(d tensor.DType) *tensor.QParams {
	if n.Err != nil {
		return nil
	}
	var scales []float64
	var zeros []int64
	axis, several := 0, n.has("axis")
	scale, zero := "scale", "zero_point"
	if several {
		scale, zero, axis = "scales", "zero_points", n.axis("axis", "input")
	}
	if !several && strings.HasSuffix(n.target, ".default") {
		scales, zeros = []float64{n.real(scale)}, []int64{int64(n.whole(zero))}
	} else {
		s, z := n.numbersOf(scale), n.numbersOf(zero)
		if n.Err != nil {
			return nil
		}
		if s == nil || s.DType() != tensor.Float32 || z != nil && (z.DType() != tensor.Int64 || z.Numel() != s.Numel()) {
			n.Refuse("its scales are %v, its zero points %v: as many whole numbers as scales are read", s, z)
			return nil
		}
		for _, v := range s.Float32s() {
			scales = append(scales, float64(v))
		}
		if zeros = make([]int64, len(scales)); z != nil {
			copy(zeros, z.Int64s())
		}
	}
	lo, hi := d.CodeRange()
	for i := range scales {
		scales[i] = float64(float32(scales[i]))
		if n.Err == nil && (!(scales[i] > 0) || math.IsInf(scales[i], 1) || zeros[i] < lo || zeros[i] > hi) {
			n.Refuse("scale %v with zero point %d: a finite scale above 0 and a zero point from %d to %d are read", scales[i], zeros[i], lo, hi)
		}
	}
	if n.Err != nil {
		return nil
	}
	if !several && len(scales) != 1 {
		n.Refuse("%d scales for all elements: one is read", len(scales))
		return nil
	}
	if !several {
		return tensor.Affine(scales[0], zeros[0])
	}
	return tensor.PerAxis(scales, zeros, axis)
}

// bounds are the smallest and the largest code that the node gives or takes.
func (n *node) bounds(d tensor.DType) (lo, hi int64) {
	lo, hi = int64(n.whole("quant_min")), int64(n.whole("quant_max"))
	if n.Err != nil {
		return 0, 0
	}
	if least, most := d.CodeRange(); lo < least || hi > most || lo >= hi {
		n.Refuse("codes from %d to %d, as %v", lo, hi, d)
	}
	return lo, hi
}

// coded adds the operator whose result are codes of type d.
func (n *node) coded(name string, d tensor.DType, q *tensor.QParams, o graph.Op, in *graph.Value) *graph.Value {
	if n.Err != nil {
		return nil
	}
	n.Graph.Numerics = quant.FBGEMM
	v := n.Graph.AddNode(name, o, in)
	v.Type = graph.Type{DType: d, Q: q}
	if n.Err = v.Node.CheckSignature(); n.Err == nil {
		n.Err = n.Learn(v.Node)
	}
	return v
}

func readQuantize(n *node) ([]*graph.Value, error) {
	d := n.codesOf(n.made().DType)
	x, q := n.real32("input"), n.qparams(d)
	lo, hi := n.bounds(d)
	if n.Err != nil {
		return nil, n.Err
	}
	if x.Role == graph.Parameter {
		return n.constantCodes(d, q, x.Data.Shape(), func(i, c int) int64 {
			real := x.Data.Float32s()[i] * float32(1/q.Scales[c])
			return int64(max(float64(lo), min(math.RoundToEven(float64(real))+float64(q.ZeroPoints[c]), float64(hi))))
		})
	}
	if !q.IsPerTensor() {
		n.Refuse("activations with %d scales are not read: one is", len(q.Scales))
		return nil, n.Err
	}
	least, most := d.CodeRange()
	if lo != least || hi != most { // a clamp of codes, between quantizers that the operator in front and it can take
		from, to := float64(lo-q.ZeroPoints[0])*q.Scales[0], float64(hi-q.ZeroPoints[0])*q.Scales[0]
		x = n.coded(n.unique(n.name+"/wide"), d, q, op.Quantize{}, x)
		x = n.Do(op.Clip{Lo: &from, Hi: &to}, n.Do(op.Dequantize{}, x))
	}
	return []*graph.Value{n.coded(n.name, d, q, op.Quantize{}, x)}, n.Err
}

func readDequantize(n *node) ([]*graph.Value, error) {
	d := n.codesOf(n.meta("input").DType)
	x, q := n.tensor("input"), n.qparams(d)
	if n.bounds(d); n.Err != nil {
		return nil, n.Err
	}
	if to := dtypes[n.made().DType]; to != tensor.Float32 {
		n.Refuse("it gives %v; float32 is read", to)
		return nil, n.Err
	}
	if x.Role == graph.Parameter {
		return n.dequantizedConstant(x, d, q)
	}
	if !q.IsPerTensor() {
		n.Refuse("activations with %d scales are not read: one is", len(q.Scales))
		return nil, n.Err
	}
	switch {
	case x.Type.DType == d && q.Equal(x.Type.Q):
	case x.Type.DType == d: // quantized with other parameters
		x = n.coded(n.name+"/codes", d, q, op.FromIntRepr{}, n.Do(op.IntRepr{}, x))
	default: // whole numbers that an operator has computed of codes
		return n.Result(op.DequantizeWhole{}, x, n.Scalar(float32(q.Scales[0])), n.Constant(tensor.Of([]int64{q.ZeroPoints[0]})))
	}
	return n.Result(op.Dequantize{}, x)
}

// constantCodes is a constant of codes; code gives that of an element, whose scale has the index c.
func (n *node) constantCodes(d tensor.DType, q *tensor.QParams, shape tensor.Shape, code func(i, c int) int64) ([]*graph.Value, error) {
	if err := q.Validate(d, shape); err != nil {
		return nil, err
	}
	inner := 1
	if !q.IsPerTensor() {
		inner = shape[q.Axis+1:].Numel()
	}
	codes, err := tensor.Decode(d, q, shape, func(raw []byte) error {
		for i := range raw {
			raw[i] = byte(code(i, i/inner%len(q.Scales)))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	n.Graph.Numerics = quant.FBGEMM
	return []*graph.Value{n.Graph.AddConst(n.unique(n.name+"/codes"), codes)}, nil
}

// dequantizedConstant is a weight, whose layer will read the codes: its numbers are no facts that
// sizes depend on.
func (n *node) dequantizedConstant(x *graph.Value, d tensor.DType, q *tensor.QParams) ([]*graph.Value, error) {
	codes := x
	if !x.Type.DType.IsQuantized() {
		if x.Data.DType() != tensor.Int64 {
			n.Refuse("codes are expected, and it reads %v", x.Data)
			return nil, n.Err
		}
		stored := x.Data.Int64s()
		lo, hi := d.CodeRange()
		if i := slices.IndexFunc(stored, func(v int64) bool { return v < lo || v > hi }); i >= 0 {
			n.Refuse("the code %d, as %v", stored[i], d)
			return nil, n.Err
		}
		made, err := n.constantCodes(d, q, x.Data.Shape(), func(i, _ int) int64 { return stored[i] })
		if err != nil {
			return nil, err
		}
		codes = made[0]
	} else if x.Type.DType != d || !q.Equal(x.Type.Q) {
		n.Refuse("a constant that was quantized with other parameters")
		return nil, n.Err
	}
	v := n.Graph.AddNode(n.name, op.Dequantize{}, codes)
	if n.Facts != nil {
		n.Facts[v] = graph.Fact{Type: graph.Type{DType: tensor.Float32, Shape: codes.Type.Shape}}
	}
	return v.Node.Outputs, v.Node.CheckSignature()
}

// codesBehind are the constant codes that v is dequantized from, nil where it is not.
func codesBehind(v *graph.Value) *graph.Value {
	if v == nil || v.Node == nil {
		return nil
	}
	if _, ok := v.Node.Op.(op.Dequantize); ok && v.Node.Inputs[0].Role == graph.Parameter {
		return v.Node.Inputs[0]
	}
	return nil
}
