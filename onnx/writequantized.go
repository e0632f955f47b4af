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

// scales returns the names of the scale and the zero point of a type, and the attribute
// that says along which axis they are. Equal ones are written once: runtimes recognize by
// their names that a node only moves codes.
func (w *writer) scales(t graph.Type) ([]string, []*onnxpb.AttributeProto, error) {
	q := t.Q
	var attrs []*onnxpb.AttributeProto
	shape := tensor.Shape{}
	if !q.IsPerTensor() {
		attrs = append(attrs, intAttr("axis", q.Axis))
		shape = tensor.Shape{len(q.Scales)}
	}
	key := fmt.Sprint(t.DType, q.Axis, q.Scales, q.ZeroPoints)
	if names, ok := w.params[key]; ok {
		return names, attrs, nil
	}
	scales := make([]float32, len(q.Scales))
	for i, s := range q.Scales {
		if scales[i] = float32(s); !(scales[i] > 0) || math.IsInf(float64(scales[i]), 0) {
			return nil, nil, fmt.Errorf("scale %v is no positive float32, as ONNX needs it", s)
		}
	}
	var zeros *tensor.Tensor
	switch t.DType {
	case tensor.QUInt8:
		zeros = tensor.Of(narrowed[uint8](q.ZeroPoints), shape...)
	case tensor.QInt8:
		zeros = tensor.Of(narrowed[int8](q.ZeroPoints), shape...)
	case tensor.QInt32:
		zeros = tensor.Of(narrowed[int32](q.ZeroPoints), shape...)
	default:
		return nil, nil, fmt.Errorf("codes of type %v are not written", t.DType)
	}
	scale := constant(w, "scale", scales, shape...)
	zero, err := w.initializer("zero_point", zeros)
	if err != nil {
		return nil, nil, err
	}
	w.params[key] = []string{scale, zero}
	return w.params[key], attrs, nil
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
	params, attrs, err := w.scales(t)
	if err == nil {
		w.add("DequantizeLinear", append([]string{codes}, params...), out, attrs...)
	}
	return err
}

// quantize writes the codes of type t of numbers.
func (w *writer) quantize(real string, t graph.Type, out string) error {
	params, attrs, err := w.scales(t)
	if err == nil {
		w.add("QuantizeLinear", append([]string{real}, params...), out, attrs...)
	}
	return err
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

// bias returns the name of the bias of a weighted node. Between codes it is int32, in
// units of the sums of products. qnnpack rounds it like this itself. fbgemm adds a float
// bias, but runtimes that compute on integers round one so anyway, and some recognize
// integer nodes by an int32 bias alone: float gains nothing (tools/onnxexport/README.md).
// A bias that int32 does not hold stays float.
func (w *writer) bias(n *graph.Node) (string, error) {
	x, weight, v := n.Inputs[0].Type, n.Inputs[1].Type, n.Inputs[2]
	if !x.DType.IsQuantized() || !weight.DType.IsQuantized() || !n.Output().Type.DType.IsQuantized() || v.Data == nil {
		return w.real(v)
	}
	if err := v.Data.Load(); err != nil {
		return "", err
	}
	bias := v.Data.Float32s()
	rule, err := quant.NewRequant(quant.QNNPACK, x.Q, weight.Q, n.Output().Type.Q, n.Output().Type.DType, bias, quant.NoActivation, len(bias))
	if err != nil {
		return "", err
	}
	q := &tensor.QParams{Axis: weight.Q.Axis}
	for _, s := range weight.Q.Scales {
		q.Scales, q.ZeroPoints = append(q.Scales, float64(float32(s)*float32(x.Q.Scale()))), append(q.ZeroPoints, 0)
	}
	for _, b := range rule.BiasInt {
		if b == math.MaxInt32 || b == math.MinInt32 {
			return w.real(v)
		}
	}
	codes, err := w.initializer(v.Name+"/quantized", tensor.Of(rule.BiasInt, len(bias)))
	if err != nil {
		return "", err
	}
	name := w.unique(v.Name + "/dequantized")
	return name, w.dequantize(codes, graph.Type{DType: tensor.QInt32, Q: q}, name)
}
