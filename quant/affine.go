package quant

import (
	"github.com/octet-ml/octet/tensor"
)

// Quantizer turns real numbers into codes with one scale and zero point:
//
//	code = clamp(wrap32(cvt(min(x*Inv, 2147483520)) + Zero), Lo, Hi)
//
// or, where Divisor is not 0, with x/Divisor for x*Inv. cvt is ToInt32; the minimum gives 2147483520 for NaN; the addition wraps in
// int32. So NaN and +Inf give Hi when the zero point is at most 127 and, for
// quint8, Lo above: PyTorch's behaviour, kept because files depend on it.
type Quantizer struct {
	Inv     float32 // reciprocal of the scale; PyTorch multiplies, it never divides
	Divisor float32 // the scale under ONNX's rules, which divide; else 0
	Zero    int32   // the zero point
	Lo, Hi  int32   // limits of the codes, both included
}

// NewQuantizer returns the Quantizer for per-tensor parameters of a quint8 or
// qint8 tensor, with Inv = 1f / f32(scale).
func NewQuantizer(q *tensor.QParams, dtype tensor.DType) Quantizer {
	lo, hi := dtype.CodeRange()
	return Quantizer{Inv: 1 / float32(q.Scale()), Zero: int32(q.ZeroPoint()), Lo: int32(lo), Hi: int32(hi)}
}

// NewActivationQuantizer is NewQuantizer for the activations of a graph under preset n.
func NewActivationQuantizer(n Numerics, q *tensor.QParams, dtype tensor.DType) Quantizer {
	z := NewQuantizer(q, dtype)
	if n == ONNX {
		z.Divisor = float32(q.Scale())
	}
	return z
}

// withInv64 replaces the reciprocal by the one that some vector kernels take:
// computed in float64 from the unrounded scale, then rounded.
func (z Quantizer) withInv64(q *tensor.QParams) Quantizer {
	z.Inv = float32(1 / q.Scale())
	return z
}

// Code quantizes one number.
func (z Quantizer) Code(x float32) int32 {
	y := float32(x * z.Inv)
	if z.Divisor != 0 {
		y = x / z.Divisor
	}
	if !(y < 2147483520) { // also NaN
		y = 2147483520
	}
	return clamp(ToInt32(y)+z.Zero, z.Lo, z.Hi)
}

// Dequantizer turns codes into real numbers with one scale and zero point.
// PyTorch has two formulas, which differ in the last bit.
type Dequantizer struct {
	Scale float32 // what a step of codes is worth
	Zero  int32   // the code of 0
}

// NewDequantizer returns the Dequantizer for per-tensor parameters.
func NewDequantizer(q *tensor.QParams) Dequantizer {
	return Dequantizer{Scale: float32(q.Scale()), Zero: int32(q.ZeroPoint())}
}

// Real is f32(scale) * f32(code - zero): what Dequantize gives.
func (d Dequantizer) Real(code int32) float32 {
	return float32(d.Scale * float32(code-d.Zero))
}

// Table is Real for all codes of eight bits, by their bits.
func (d Dequantizer) Table(signed bool) *[256]float32 {
	t := new([256]float32)
	for i := range t {
		if t[i] = d.Real(int32(uint8(i))); signed {
			t[i] = d.Real(int32(int8(i)))
		}
	}
	return t
}

// Fused is fma(scale, code, f32(scale * -zero)): what the vector loops of
// PyTorch's pointwise operators compute internally.
func (d Dequantizer) Fused(code int32) float32 {
	return FMA32(d.Scale, float32(code), d.offset())
}

// offset is the summand of Fused.
func (d Dequantizer) offset() float32 { return float32(d.Scale * float32(-d.Zero)) }
