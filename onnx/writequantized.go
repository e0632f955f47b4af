package onnx

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// scales returns the names of the scale and the zero point of a type. Equal ones of activations
// are written once: runtimes recognize by their names that a node only moves codes. Those of
// weights with scales per channel are not shared: ONNX Runtime, in its exact mode, replaces the
// zero points of each weight by others and fails to load a file in which two have the same.
func (w *writer) scales(t graph.Type) ([]string, error) {
	q := t.Q
	key := fmt.Sprint(t.DType, q.Axis, q.Scales, q.ZeroPoints)
	if names, ok := w.params[key]; ok && q.IsPerTensor() {
		return names, nil
	}
	scale, err := w.scale(q)
	if err != nil {
		return nil, err
	}
	zero, err := w.zeroPoint(t.DType, q)
	if err != nil {
		return nil, err
	}
	w.params[key] = []string{scale, zero}
	return w.params[key], nil
}

// paramShape is that of the scales of codes, and of their zero points.
func paramShape(q *tensor.QParams) tensor.Shape {
	if q.IsPerTensor() {
		return tensor.Shape{}
	}
	return tensor.Shape{len(q.Scales)}
}

// scale writes the scales of codes.
func (w *writer) scale(q *tensor.QParams) (string, error) {
	scales := make([]float32, len(q.Scales))
	for i, s := range q.Scales {
		if scales[i] = float32(s); !(scales[i] > 0) || math.IsInf(float64(scales[i]), 0) {
			return "", fmt.Errorf("scale %v is no positive float32, as ONNX needs it", s)
		}
	}
	return constant(w, "scale", scales, paramShape(q)...), nil
}

// zeroPoint writes the zero points of codes of type d.
func (w *writer) zeroPoint(d tensor.DType, q *tensor.QParams) (string, error) {
	var zeros *tensor.Tensor
	switch shape := paramShape(q); d {
	case tensor.QUInt8:
		zeros = tensor.Of(narrowed[uint8](q.ZeroPoints), shape...)
	case tensor.QInt8:
		zeros = tensor.Of(narrowed[int8](q.ZeroPoints), shape...)
	case tensor.QInt32:
		zeros = tensor.Of(narrowed[int32](q.ZeroPoints), shape...)
	default:
		return "", fmt.Errorf("codes of type %v are not written", d)
	}
	return w.initializer("zero_point", zeros)
}

func narrowed[T uint8 | int8 | int32](v []int64) []T {
	n := make([]T, len(v))
	for i, x := range v {
		n[i] = T(x)
	}
	return n
}

// dequantize writes the numbers that codes of type t stand for.
func (w *writer) dequantize(codes string, t graph.Type, out string) error {
	return w.convert("DequantizeLinear", codes, t, out)
}

// quantize writes the codes of type t of numbers.
func (w *writer) quantize(real string, t graph.Type, out string) error {
	return w.convert("QuantizeLinear", real, t, out)
}

func (w *writer) convert(kind, in string, t graph.Type, out string) error {
	params, err := w.scales(t)
	if err != nil {
		return err
	}
	var attrs []*onnxpb.AttributeProto
	if !t.Q.IsPerTensor() {
		if err := w.since(13, kind+" with scales per channel, which only operators on codes have before,"); err != nil {
			return err
		}
		attrs = append(attrs, intAttr("axis", t.Q.Axis))
	}
	w.add(kind, append([]string{in}, params...), out, attrs...)
	return nil
}

// clampShows reports whether the clamp of n's operator changes the result: the limits of the
// codes of a result may do the same.
func clampShows(n *graph.Node) bool {
	act := op.ClampOf(n.Op)
	if t := n.Output().Type; t.DType.IsQuantized() {
		z := quant.NewQuantizer(t.Q, t.DType)
		lo, hi := act.Bounds(z)
		return lo > z.Lo || hi < z.Hi
	}
	return act != quant.NoActivation
}

// bias returns the name of the bias of a weighted node, between codes as what an int32 one
// stands for. qnnpack rounds it like this itself. fbgemm adds a float bias, but runtimes that
// compute on integers round one so anyway, and some recognize integer nodes by an int32 bias
// alone: float gains nothing (tools/onnxexport/README.md).
func (e *emission) bias() (string, error) {
	v := e.node.Inputs[2]
	codes, t, err := e.roundedBias()
	if err != nil || codes == nil {
		if err != nil {
			return "", err
		}
		return e.real(v)
	}
	name, err := e.initializer(v.Name+"/quantized", codes)
	if err != nil {
		return "", err
	}
	real := e.unique(v.Name + "/dequantized")
	return real, e.dequantize(name, t, real)
}

// intBias returns the name of the int32 bias, none where there is no bias; not ok where it
// stays float.
func (e *emission) intBias() (names []string, ok bool, err error) {
	if len(e.node.Inputs) < 3 {
		return nil, true, nil
	}
	codes, _, err := e.roundedBias()
	if err != nil || codes == nil {
		return nil, false, err
	}
	name, err := e.initializer(e.node.Inputs[2].Name+"/quantized", codes)
	return []string{name}, true, err
}

// roundedBias is the bias of a weighted node between codes in int32, in units of the sums of
// products; nil where the node is not between codes, or int32 does not hold the bias.
func (e *emission) roundedBias() (*tensor.Tensor, graph.Type, error) {
	x, weight, v, out := e.node.Inputs[0].Type, e.node.Inputs[1].Type, e.node.Inputs[2], e.node.Output().Type
	t := graph.Type{DType: tensor.QInt32}
	if !x.DType.IsQuantized() || !weight.DType.IsQuantized() || !out.DType.IsQuantized() || v.Data == nil {
		return nil, t, nil
	}
	if err := v.Data.Load(); err != nil {
		return nil, t, err
	}
	bias := v.Data.Float32s()
	rule, err := quant.NewRequant(quant.QNNPACK, x.Q, weight.Q, out.Q, out.DType, bias, quant.NoActivation, len(bias))
	if err != nil {
		return nil, t, err
	}
	for _, b := range rule.BiasInt {
		if b == math.MaxInt32 || b == math.MinInt32 {
			return nil, t, nil
		}
	}
	t.Q = &tensor.QParams{Axis: weight.Q.Axis}
	for _, s := range weight.Q.Scales {
		t.Q.Scales, t.Q.ZeroPoints = append(t.Q.Scales, float64(float32(s)*float32(x.Q.Scale()))), append(t.Q.ZeroPoints, 0)
	}
	return tensor.Of(rule.BiasInt, len(bias)), t, nil
}
