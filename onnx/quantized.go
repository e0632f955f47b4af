package onnx

import (
	"fmt"
	"math"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

var quantizers = map[string]importer{
	"QuantizeLinear":   readQuantize,
	"DequantizeLinear": readDequantize,
	"QLinearConv":      readQLinearConv,
	"QLinearMatMul":    readQLinearMatMul,
}

// contributed are operators of ONNX Runtime's own domain.
var contributed = map[string]importer{
	"QuantizeLinear":           readQuantize,
	"DequantizeLinear":         readDequantize,
	"QLinearAdd":               qlinearPair(op.Add{}),
	"QLinearMul":               qlinearPair(op.Mul{}),
	"QLinearSigmoid":           qlinearUnary(op.Sigmoid{}),
	"QLinearLeakyRelu":         readQLinearLeakyRelu,
	"QLinearGlobalAveragePool": readQLinearGlobalAveragePool,
	"QLinearConcat":            readQLinearConcat,
	"QLinearAveragePool":       readQLinearAveragePool,
	"QLinearSoftmax":           readQLinearSoftmax,
	"QLinearWhere":             readQLinearWhere,
	"QGemm":                    readQGemm,
	"Gelu":                     readGelu,
}

// parameters reads the scale and the zero point that are inputs at and at+1 of a node. The
// element type follows from the zero point, and is uint8 where there is none. axis counts
// where there are several.
func (n *node) parameters(at, axis int) (graph.Type, error) {
	if !n.has(at) {
		return graph.Type{}, fmt.Errorf("its scale is missing")
	}
	scales, err := n.known(at, "scale")
	if err != nil {
		return graph.Type{}, err
	}
	if scales.DType() != tensor.Float32 {
		return graph.Type{}, fmt.Errorf("its scale is %v", scales)
	}
	t := graph.Type{DType: tensor.QUInt8}
	zeros := make([]int64, scales.Numel())
	if n.has(at + 1) {
		zero, err := n.known(at+1, "zero point")
		if err != nil {
			return t, err
		}
		stored := n.stored[n.in[at+1]]
		if stored == nil {
			return t, fmt.Errorf("the element type of its zero point is not known")
		}
		if t.DType, err = codesOf(stored.DType()); err != nil {
			return t, err
		}
		if zero.Numel() != len(zeros) {
			return t, fmt.Errorf("%d scales and %d zero points", len(zeros), zero.Numel())
		}
		copy(zeros, zero.Int64s())
	}
	wide := make([]float64, len(zeros))
	for i, s := range scales.Float32s() {
		if !(s > 0) || math.IsInf(float64(s), 1) {
			return t, fmt.Errorf("scale %v: a scale is a finite number above 0", s)
		}
		wide[i] = float64(s)
	}
	if len(wide) == 1 {
		t.Q = tensor.Affine(wide[0], zeros[0])
	} else {
		t.Q = tensor.PerAxis(wide, zeros, axis)
	}
	return t, nil
}

// codesOf is the quantized type whose codes are stored as integers of type d.
func codesOf(d tensor.DType) (tensor.DType, error) {
	switch d {
	case tensor.UInt8:
		return tensor.QUInt8, nil
	case tensor.Int8:
		return tensor.QInt8, nil
	case tensor.Int32:
		return tensor.QInt32, nil
	}
	return tensor.Invalid, fmt.Errorf("codes of type %v; int8 and uint8 are read", d)
}

// one is parameters of an activation, which has one scale.
func (n *node) one(at int) (graph.Type, error) {
	t, err := n.parameters(at, 0)
	if err == nil && !t.Q.IsPerTensor() {
		err = fmt.Errorf("an activation with %d scales: one is read", len(t.Q.Scales))
	}
	if err == nil && t.DType == tensor.QInt32 {
		err = fmt.Errorf("an activation of int32 codes")
	}
	return t, err
}

// codes returns input i of a node as codes of the parameters that stand behind it.
func (n *node) codes(i int) (*graph.Value, error) {
	if err := n.need(i + 2); err != nil {
		return nil, err
	}
	return n.codesLike(i, 0)
}

// codesLike is codes of a known kind, a number of ONNX, where there need not be a zero point.
func (n *node) codesLike(i int, kind int32) (*graph.Value, error) {
	t, err := n.one(i + 1)
	if err != nil {
		return nil, err
	}
	if kind == 3 && !n.has(i+2) {
		t.DType = tensor.QInt8
	}
	v := n.in[i]
	if v.Role == graph.Parameter {
		return n.constantCodes(i, t)
	}
	if v.Type.DType == t.DType && t.Q.Equal(v.Type.Q) {
		return v, nil
	}
	if v.Type.DType == t.DType { // quantized with other parameters
		if v, err = n.step(op.IntRepr{}, v); err != nil {
			return nil, err
		}
	}
	if v.Type.DType != plainOf(t.DType) {
		return nil, fmt.Errorf("input %d is %v and is read as %v", i, v.Type, t)
	}
	coded, err := n.typedAs(n.first()+"/codes_"+strconv.Itoa(i), t, op.FromIntRepr{}, v)
	if err != nil {
		return nil, err
	}
	return coded[0], nil
}

// constantCodes returns the constant at input i, stored as plain integers, as a tensor of
// codes.
func (n *node) constantCodes(i int, t graph.Type) (*graph.Value, error) {
	v := n.in[i]
	if v.Type.DType.IsQuantized() {
		return v, nil // quantized while it was read
	}
	stored := n.stored[v]
	if stored == nil || stored.DType() != plainOf(t.DType) {
		return nil, fmt.Errorf("input %d is %v with a zero point of %v", i, v.Data, plainOf(t.DType))
	}
	if err := t.Q.Validate(t.DType, stored.Shape()); err != nil {
		return nil, fmt.Errorf("input %d: %w", i, err)
	}
	data, err := tensor.FromBytes(t.DType, t.Q, stored.Shape(), stored.Bytes())
	if err != nil {
		return nil, err
	}
	return n.constant(data), nil
}

func plainOf(d tensor.DType) tensor.DType {
	switch d {
	case tensor.QInt8:
		return tensor.Int8
	case tensor.QInt32:
		return tensor.Int32
	}
	return tensor.UInt8
}

// integer says that the graph computes on codes.
func (n *node) integer() { n.Graph.Numerics = quant.ONNX }

// typed adds an operator whose result has the given quantized type.
func (n *node) typed(t graph.Type, o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	return n.typedAs(n.first(), t, o, in...)
}

// typedAs is typed for a result of another name.
func (n *node) typedAs(name string, t graph.Type, o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	n.integer()
	v := n.Graph.AddNode(name, o, in...)
	v.Type = t
	if err := v.Node.CheckSignature(); err != nil {
		return nil, err
	}
	return []*graph.Value{v}, n.Learn(v.Node)
}

func readQuantize(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	s, err := n.scaling()
	if err != nil {
		return nil, err
	}
	kind, err := n.resultKind()
	if err != nil {
		return nil, err
	}
	simple := n.isSimple(s, kind)
	if x := n.in[0]; x.Role == graph.Parameter && simple {
		t, err := n.parameters(1, s.Axis)
		if err != nil {
			return nil, err
		}
		codes, err := quantizedConstant(x.Data, t)
		if err != nil {
			return nil, err
		}
		return []*graph.Value{n.Graph.AddConst(n.first(), codes)}, nil
	}
	if simple && n.in[1].Data.Numel() == 1 {
		t, err := n.one(1)
		if err != nil {
			return nil, err
		}
		if kind == 3 {
			t.DType = tensor.QInt8 // also where output_dtype says so
		}
		return n.typed(t, op.Quantize{}, n.in[0])
	}
	zero, err := n.integers(2)
	if err != nil {
		return nil, err
	}
	r := integerKinds[kind]
	return n.result(op.QuantizeWhole{Scaling: s, Lo: r.lo, Hi: r.hi}, n.in[0], n.in[1], zero)
}

// scaling reads which scale belongs to an element.
func (n *node) scaling() (s op.Scaling, err error) {
	if s.Axis, err = n.number("axis", 1); err == nil {
		s.Block, err = n.number("block_size", 0)
	}
	return s, err
}

// resultKind is the element type of what QuantizeLinear gives, a number of ONNX.
func (n *node) resultKind() (int32, error) {
	wanted, err := n.number("output_dtype", 0)
	if err != nil {
		return 0, err
	}
	kind := int32(wanted)
	switch {
	case n.has(2):
		if kind = n.kindOf(2); kind == 0 {
			return 0, fmt.Errorf("the element type of its zero point is not known; a constant tells it, or shape inference writes it into the file")
		}
	case kind == 0:
		kind = 2
	}
	if integerKinds[kind].hi == 0 {
		return 0, fmt.Errorf("codes of type %s are not computed; integers of 2 to 32 bits are", typeName(kind))
	}
	return kind, nil
}

// isSimple reports whether codes of a kind have eight bits, and constant parameters, one or
// along an axis.
func (n *node) isSimple(s op.Scaling, kind int32) bool {
	constant := n.in[1].Role == graph.Parameter && (!n.has(2) || n.in[2].Role == graph.Parameter)
	return constant && s.Block == 0 && len(n.in[1].Type.Shape) < 2 && (kind == 2 || kind == 3)
}

// quantizedConstant quantizes the elements of a weight: saturate(rint(x / scale) + zero).
func quantizedConstant(x *tensor.Tensor, t graph.Type) (*tensor.Tensor, error) {
	if x.DType() != tensor.Float32 {
		return nil, fmt.Errorf("it quantizes %v", x)
	}
	if err := t.Q.Validate(t.DType, x.Shape()); err != nil {
		return nil, err
	}
	lo, hi := t.DType.CodeRange()
	channel := channelOf(t.Q, x.Shape())
	return tensor.Decode(t.DType, t.Q, x.Shape(), func(raw []byte) error {
		for i, v := range x.Float32s() {
			c := channel(i)
			code := math.RoundToEven(float64(v/float32(t.Q.Scales[c]))) + float64(t.Q.ZeroPoints[c])
			raw[i] = byte(int64(max(float64(lo), min(code, float64(hi)))))
		}
		return nil
	})
}

// channelOf returns the index of the scale that holds for element i.
func channelOf(q *tensor.QParams, shape tensor.Shape) func(i int) int {
	if q.IsPerTensor() {
		return func(int) int { return 0 }
	}
	inner := shape[q.Axis+1:].Numel()
	return func(i int) int { return i / inner % shape[q.Axis] }
}

func readDequantize(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	s, err := n.scaling()
	if err != nil {
		return nil, err
	}
	x := n.in[0]
	kind := n.kindOf(0)
	if kind == 0 && n.has(2) {
		kind = n.kindOf(2)
	}
	if !n.isSimple(s, kind) && !(kind == 6 && x.Role == graph.Parameter && n.isSimple(s, 2)) {
		if blocks, err := n.codedBlocks(s); blocks != nil || err != nil {
			return blocks, err
		}
		return n.dequantizeWhole(s)
	}
	if x.Role == graph.Parameter {
		return n.dequantizedConstant(s.Axis)
	}
	if n.in[1].Data.Numel() != 1 || x.Type.DType == tensor.Int64 {
		return n.dequantizeWhole(s)
	}
	codes, err := n.codesLike(0, kind)
	if err != nil {
		return nil, err
	}
	return n.result(op.Dequantize{}, codes)
}

// dequantizeWhole reads DequantizeLinear of codes of any width, with any parameters.
func (n *node) dequantizeWhole(s op.Scaling) ([]*graph.Value, error) {
	if n.in[1].Type.DType != tensor.Float32 {
		return nil, fmt.Errorf("its scale is %v", n.in[1].Type)
	}
	x, err := n.integers(0)
	if err != nil {
		return nil, err
	}
	zero, err := n.integers(2)
	if err != nil {
		return nil, err
	}
	return n.result(op.DequantizeWhole{Scaling: s}, x, n.in[1], zero)
}

// dequantizedConstant reads DequantizeLinear of a constant; axis counts where it has several
// scales.
func (n *node) dequantizedConstant(axis int) ([]*graph.Value, error) {
	x := n.in[0]
	if axis < 0 {
		axis += len(x.Type.Shape)
	}
	t, err := n.parameters(1, axis)
	if stored := n.stored[x]; err == nil && !n.has(2) && stored != nil {
		t.DType, err = codesOf(stored.DType())
	}
	if err != nil {
		return nil, err
	}
	codes, err := n.constantCodes(0, t)
	if err != nil {
		return nil, err
	}
	if t.DType == tensor.QInt32 {
		return []*graph.Value{n.Graph.AddConst(n.first(), reals(codes.Data))}, nil
	}
	if t.Q.IsPerTensor() {
		return n.add(n.first(), op.Dequantize{}, codes)
	}
	return []*graph.Value{n.weightNumbers(n.first(), codes)}, nil
}

// weightNumbers dequantizes a weight, whose layer will read the codes: its numbers are no facts that
// sizes depend on.
func (n *node) weightNumbers(name string, codes *graph.Value) *graph.Value {
	v := n.Graph.AddNode(name, op.Dequantize{}, codes)
	if n.Facts != nil {
		n.Facts[v] = graph.Fact{Type: graph.Type{DType: tensor.Float32, Shape: codes.Type.Shape}}
	}
	return v
}

// reals are the numbers that int32 codes, those of a bias, stand for, rounded once:
// quant.Dequantize, as PyTorch, rounds codes above 2^24 first.
func reals(t *tensor.Tensor) *tensor.Tensor {
	q, channel := t.QParams(), channelOf(t.QParams(), t.Shape())
	v := make([]float32, t.Numel())
	for i, code := range t.Int32s() {
		c := channel(i)
		v[i] = float32(float64(int64(code)-q.ZeroPoints[c]) * float64(float32(q.Scales[c])))
	}
	return tensor.Of(v, t.Shape()...)
}

// weight returns the codes at input i, whose parameters stand behind it, with one scale
// for each index along axis or one in all.
func (n *node) weight(i, axis int) (*graph.Value, error) {
	if err := n.need(i + 2); err != nil {
		return nil, err
	}
	t, err := n.parameters(i+1, axis)
	if err != nil {
		return nil, err
	}
	if n.in[i].Role != graph.Parameter {
		return nil, fmt.Errorf("its weight is computed; only a constant one is read")
	}
	return n.constantCodes(i, t)
}

// bias returns the int32 bias at input i as reals: its scale is the product of those of x
// and weight.
func (n *node) bias(i int, x, w *tensor.QParams) (*graph.Value, error) {
	b, err := n.known(i, "bias")
	if err != nil {
		return nil, err
	}
	if b.DType() == tensor.Float32 {
		return n.in[i], nil
	}
	if b.DType() != tensor.Int64 {
		return nil, fmt.Errorf("its bias is %v; numbers are expected", b)
	}
	v := make([]float32, b.Numel())
	for c, code := range b.Int64s() {
		scale := w.Scales[0]
		if !w.IsPerTensor() {
			scale = w.Scales[c%len(w.Scales)]
		}
		v[c] = float32(float64(code) * (float64(float32(x.Scale())) * float64(float32(scale))))
	}
	return n.constant(tensor.Of(v, len(v))), nil
}

// transposedCodes is the transpose of a matrix of codes, with its scales along the other
// axis.
func (n *node) transposedCodes(v *graph.Value) (*graph.Value, error) {
	t := v.Data
	shape := t.Shape()
	if len(shape) != 2 {
		return nil, fmt.Errorf("weight of shape %v; a matrix is expected", shape)
	}
	q := t.QParams()
	if !q.IsPerTensor() {
		q = tensor.PerAxis(q.Scales, q.ZeroPoints, 1-q.Axis)
	}
	src := t.Bytes()
	transposed, err := tensor.Decode(t.DType(), q, tensor.Shape{shape[1], shape[0]}, func(raw []byte) error {
		for i := range shape[0] {
			for j := range shape[1] {
				raw[j*shape[0]+i] = src[i*shape[1]+j]
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return n.constant(transposed), nil
}

// isWeight reports whether v is a constant, or the numbers that constant codes stand for.
func isWeight(v *graph.Value) bool { return v.Role == graph.Parameter || codesBehind(v) != nil }

// codesBehind returns the constant codes that v is dequantized from, nil where it is not.
func codesBehind(v *graph.Value) *graph.Value {
	if v.Node == nil {
		return nil
	}
	if _, ok := v.Node.Op.(op.Dequantize); ok && v.Node.Inputs[0].Role == graph.Parameter {
		return v.Node.Inputs[0]
	}
	return nil
}

// shapeOf is the shape of what isWeight.
func shapeOf(v *graph.Value) tensor.Shape {
	if codes := codesBehind(v); codes != nil {
		return codes.Type.Shape
	}
	return v.Type.Shape
}

// transposedWeight is the transpose of a matrix that isWeight.
func (n *node) transposedWeight(v *graph.Value) (*graph.Value, error) {
	codes := codesBehind(v)
	if codes == nil {
		return n.step(op.Transpose{Perm: []int{1, 0}}, v)
	}
	transposed, err := n.transposedCodes(codes)
	if err != nil {
		return nil, err
	}
	return n.weightNumbers(transposed.Name+"/dequantized", transposed), nil
}
