package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// byte8 is the type of unsigned codes whose parameters are computed in every run: it holds
// none.
const byte8 = tensor.UInt8

// DynamicQuantize is dynamic quantization of an activation, ONNX's DynamicQuantizeLinear and
// PyTorch's quantize_per_tensor_dynamic: scale and zero point follow from the range of all elements
// of x by quant.NewDynamicQuantizer, under the preset of the graph.
//
// With ByRow every row, which is what lies along the last axis, has a scale and a zero point of
// its own, by quant.NewRowQuantizer under every preset: what becomes of a row does not depend on
// the others.
//
// Input: x, any shape; with ByRow [..., K]. Results: the codes, in uint8; their scale; their zero
// point, in uint8: scalars, with ByRow [..., 1].
type DynamicQuantize struct {
	ByRow bool `json:"by_row,omitempty"`
}

// Kind is "dynamic_quantize".
func (DynamicQuantize) Kind() string { return "dynamic_quantize" }

// Results is three.
func (DynamicQuantize) Results() int { return 3 }

// Signatures: float32 to codes.
func (DynamicQuantize) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32}, Out: byte8, Rest: []tensor.DType{f32, byte8}}}
}

// Infer returns the shape of x, and twice that of its parameters.
func (o DynamicQuantize) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	params := tensor.Shape{}
	if o.ByRow {
		if len(in[0].Shape) == 0 {
			return nil, fmt.Errorf("a number has no rows; expected [..., K]")
		}
		params = in[0].Shape.Clone()
		params[len(params)-1] = 1
	}
	return typed(graph.Type{DType: byte8, Shape: in[0].Shape.Clone()}, graph.Type{DType: f32, Shape: params}, graph.Type{DType: byte8, Shape: params.Clone()})
}

// Eval quantizes.
func (o DynamicQuantize) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if o.ByRow {
		return quantizeRows(in[0], out), nil
	}
	x := in[0].Float32s()
	lo, hi := RangeOf(x)
	scale, rule := quant.NewDynamicQuantizer(ctx.Numerics, lo, hi)
	codes := make([]uint8, len(x))
	for i, v := range x {
		codes[i] = uint8(rule.Code(v))
	}
	return []*tensor.Tensor{tensor.Of(codes, out[0].Shape...), tensor.Of([]float32{scale}), tensor.Of([]uint8{uint8(rule.Zero)})}, nil
}

// quantizeRows quantizes each row of x by its own range.
func quantizeRows(x *tensor.Tensor, out []graph.Type) []*tensor.Tensor {
	rows := out[1].Shape.Numel()
	codes, scales, zeros := make([]uint8, x.Numel()), make([]float32, rows), make([]uint8, rows)
	for i := range rows {
		k := len(codes) / rows
		row := x.Float32s()[i*k:][:k]
		scale, rule := quant.NewRowQuantizer(RangeOf(row))
		scales[i], zeros[i] = scale, uint8(rule.Zero)
		for j, v := range row {
			codes[i*k+j] = uint8(rule.Code(v))
		}
	}
	return []*tensor.Tensor{tensor.Of(codes, out[0].Shape...), tensor.Of(scales, out[1].Shape...), tensor.Of(zeros, out[2].Shape...)}
}

// RangeOf returns the smallest and the largest element of x, and 0 where there is none. NaN is
// skipped, unless all elements are NaN.
func RangeOf(x []float32) (lo, hi float32) {
	for i, v := range x {
		if i == 0 || !(lo <= v) && v == v {
			lo = v
		}
		if i == 0 || !(hi >= v) && v == v {
			hi = v
		}
	}
	return lo, hi
}

// dynamic is an operand with computed parameters: operators on such codes take codes, scale and
// zero point first.
type dynamic struct {
	scales []float32 // one, or one for each row
	codes  []int32   // minus the zero point
	shape  tensor.Shape
}

func dynamicOf(in []*tensor.Tensor) dynamic {
	d := dynamic{scales: in[1].Float32s(), codes: widen(in[0].Uint8s()), shape: in[0].Shape()}
	zeros := in[2].Uint8s()
	for i := range d.codes {
		d.codes[i] -= int32(zeros[i*len(zeros)/len(d.codes)])
	}
	return d
}

// checkRows checks the scales and the zero points of codes that are operand 0: one for each row.
func checkRows(in []graph.Fact) error {
	want := in[0].Shape.Clone()
	if len(want) == 0 {
		return fmt.Errorf("a number has no rows; expected [..., K]")
	}
	want[len(want)-1] = 1
	for i, name := range []string{"scales", "zero points"} {
		if s := in[1+i].Shape; !s.Equal(want) {
			return fmt.Errorf("the %s of input 0 have the shape %v; expected one for each row, %v", name, s, want)
		}
	}
	return nil
}

// checkDynamic checks the scale and the zero point of codes that are operand at.
func checkDynamic(in []graph.Fact, at int) error {
	for i, name := range []string{"scale", "zero point"} {
		if s := in[at+1+i].Shape; s.Numel() != 1 {
			return fmt.Errorf("the %s of input %d has shape %v; expected one number for all of its codes", name, at, s)
		}
	}
	return nil
}

// dynamicWeighted are the signatures of layers on dynamic codes: codes, scale, zero point,
// weight, optional bias.
var dynamicWeighted = []graph.Signature{
	{In: []tensor.DType{byte8, f32, byte8, i8, f32}, Out: f32},
	{In: []tensor.DType{byte8, f32, byte8, u8, f32}, Out: f32},
}

// layerFacts are the inputs of the layer without scale and zero point: x, weight and bias.
func layerFacts(in []graph.Fact) []graph.Fact {
	return append([]graph.Fact{in[0]}, in[3:]...)
}

// dynamicEpilogue dequantizes the accumulators of a layer on dynamic codes: act(f32(f32(acc) *
// f32(s_x*s_w[c])) + bias[c]), under fbgemm with one rounding. With floored the bias is added to the accumulators, as
// floor(bias[c] / f32(s_x*s_w[c])).
type dynamicEpilogue struct {
	epilogue
	fused   bool
	floored []int32
}

func newDynamicEpilogue(ctx graph.Context, scale float32, in []*tensor.Tensor, act quant.Activation, floored bool, channels int) (dynamicEpilogue, error) {
	e := dynamicEpilogue{epilogue: epilogue{act: act, scales: make([]float32, channels)}, fused: quant.DynamicFused(ctx.Numerics)}
	w := in[3].QParams()
	if !w.IsPerTensor() && w.Axis != 0 {
		return e, fmt.Errorf("weight is quantized along axis %d; it must be per tensor or along axis 0", w.Axis)
	}
	for c := range e.scales {
		e.scales[c] = scale * quant.DynamicWeightScale(ctx.Numerics, w.Scales[channelOf(w, c)])
	}
	if len(in) < 5 {
		return e, nil
	}
	if !floored {
		e.bias = in[4].Float32s()
		return e, nil
	}
	for c, b := range in[4].Float32s() {
		e.floored = append(e.floored, quant.FloorBias(b, e.scales[c]))
	}
	return e, nil
}

// number is the result for an accumulator of channel c.
func (e dynamicEpilogue) number(sum int32, c int) float32 {
	if e.floored != nil {
		sum += e.floored[c]
	}
	if e.fused && e.bias != nil {
		return e.act.Float(quant.FMA32(float32(sum), e.scales[c], e.bias[c]))
	}
	return e.real(sum, c)
}
