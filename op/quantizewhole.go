package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Scaling says which scale and zero point belong to an element. A single one belongs to all; a
// vector has one for each index along Axis; with Block, scales have as many axes as x, and one
// for each block of Block elements along Axis.
type Scaling struct {
	Axis  int `json:"axis,omitempty"`
	Block int `json:"block,omitempty"` // elements of a block; 0 for none
}

// QuantizeWhole is ONNX's QuantizeLinear to integers of any width, with scales that may be
// computed, per tensor, axis or block:
//
//	clamp(rne(x / scale) + zero, Lo, Hi)
//
// Inputs: x, float32 scales, and zero points, all of one shape or one of them. Result: the shape
// of x, in int64.
type QuantizeWhole struct {
	Scaling
	Lo int64 `json:"lo"` // the smallest code
	Hi int64 `json:"hi"` // the largest code
}

// Kind is "quantize_whole".
func (QuantizeWhole) Kind() string { return "quantize_whole" }

// Signatures: float32 to int64.
func (QuantizeWhole) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32, f32, i64}, Out: i64}}
}

// Infer returns the shape of x.
func (o QuantizeWhole) Infer(in []graph.Fact) ([]graph.Type, error) {
	if o.Lo > o.Hi {
		return nil, fmt.Errorf("codes from %d to %d", o.Lo, o.Hi)
	}
	return o.infer(in, i64)
}

// Code quantizes one number.
func (o QuantizeWhole) Code(x, scale float32, zero int64) int64 {
	v := math.RoundToEven(float64(x / scale))
	if v != v {
		return o.Lo
	}
	return max(o.Lo, min(int64(max(-1<<40, min(v, 1<<40)))+zero, o.Hi))
}

// Eval quantizes.
func (o QuantizeWhole) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	x, scale, zero := in[0].Float32s(), in[1].Float32s(), in[2].Int64s()
	y := tensor.New(i64, out[0].Shape...)
	o.Visit(out[0].Shape, in[1].Shape(), func(i, s int) { y.Int64s()[i] = o.Code(x[i], scale[s], zero[s%len(zero)]) })
	return []*tensor.Tensor{y}, nil
}

// DequantizeWhole is ONNX's DequantizeLinear of integers of any width, with scales that may be
// computed, per tensor, axis or block: f32(int32(x - zero)) * scale.
//
// Inputs: x in int64, float32 scales, and zero points, all of one shape or one of them. Result:
// the shape of x, in float32.
type DequantizeWhole struct{ Scaling }

// Kind is "dequantize_whole".
func (DequantizeWhole) Kind() string { return "dequantize_whole" }

// Signatures: int64 to float32.
func (DequantizeWhole) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{i64, f32, i64}, Out: f32}}
}

// Infer returns the shape of x.
func (o DequantizeWhole) Infer(in []graph.Fact) ([]graph.Type, error) { return o.infer(in, f32) }

// Real dequantizes one code.
func (DequantizeWhole) Real(code int64, scale float32, zero int64) float32 {
	return float32(int32(code)-int32(zero)) * scale
}

// Eval dequantizes.
func (o DequantizeWhole) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	x, scale, zero := in[0].Int64s(), in[1].Float32s(), in[2].Int64s()
	y := tensor.New(f32, out[0].Shape...)
	o.Visit(out[0].Shape, in[1].Shape(), func(i, s int) { y.Float32s()[i] = o.Real(x[i], scale[s], zero[s%len(zero)]) })
	return []*tensor.Tensor{y}, nil
}

// infer checks the scales and zero points.
func (o Scaling) infer(in []graph.Fact, to tensor.DType) ([]graph.Type, error) {
	if err := arity(in, 3, 3); err != nil {
		return nil, err
	}
	x, scale, zero := in[0].Shape, in[1].Shape, in[2].Shape
	if zero.Numel() != 1 && !zero.Equal(scale) {
		return nil, fmt.Errorf("scales of shape %v and zero points of shape %v", scale, zero)
	}
	result := graph.Type{DType: to, Shape: x.Clone()}
	if scale.Numel() == 1 {
		return typed(result)
	}
	axis, err := axisOf(o.Axis, len(x))
	if err != nil {
		return nil, err
	}
	want := tensor.Shape{x[axis]}
	if o.Block < 0 {
		return nil, fmt.Errorf("blocks of %d elements", o.Block)
	}
	if o.Block > 0 {
		want = x.Clone()
		want[axis] = (x[axis] + o.Block - 1) / o.Block
	}
	if !scale.Equal(want) {
		return nil, fmt.Errorf("scales of shape %v for elements of shape %v; expected one, or %v", scale, x, want)
	}
	return typed(result)
}

// Visit visits the elements of a tensor of shape x with the index of their scale, of scales of
// shape scale.
func (o Scaling) Visit(x, scale tensor.Shape, visit func(i, s int)) {
	o.Runs(x, scale, func(i, n, s, step int) {
		for k := range n {
			visit(i+k, s+k*step)
		}
	})
}

// Runs visits runs of n elements from index i on, whose scales begin at index s, step apart.
func (o Scaling) Runs(x, scale tensor.Shape, visit func(i, n, s, step int)) {
	if scale.Numel() == 1 {
		visit(0, x.Numel(), 0, 0)
		return
	}
	axis, _ := axisOf(o.Axis, len(x))
	inner, extent := x[axis+1:].Numel(), x[axis]
	if inner == 1 { // Axis is the innermost one: runs go along it
		for row := range x[:axis].Numel() {
			if o.Block == 0 {
				visit(row*extent, extent, 0, 1)
				continue
			}
			for d := 0; d < extent; d += o.Block {
				visit(row*extent+d, min(o.Block, extent-d), row*scale[axis]+d/o.Block, 0)
			}
		}
		return
	}
	for row := range x[:axis+1].Numel() {
		d := row % extent
		switch {
		case o.Block == 0:
			visit(row*inner, inner, d, 0)
		default:
			visit(row*inner, inner, (row/extent*scale[axis]+d/o.Block)*inner, 1)
		}
	}
}
