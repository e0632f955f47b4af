package quant

import (
	"math"

	"github.com/octet-ml/octet/tensor"
)

// Add is the rule by which two quantized tensors of equal shape are added.
type Add struct {
	fixed bool      // qnnpack's fixed-point rule instead of the float rule
	ratio *AddRatio // ONNX Runtime's rule where it holds, else nil

	a, b Dequantizer // float rule: Q(D(a) + D(b))
	q    Quantizer

	// Fixed-point rule: (multA*a + multB*b + bias) >> shift. int64, so that
	// scale ratios beyond qnnpack's own range (2^-14 to 2^8) stay defined.
	multA, multB, bias int64
	shift              uint

	zero, lo, hi int32
}

// NewAdd prepares the addition of values quantized by a and b into codes of
// type dtype quantized by out, followed by act. qnnpack's own rule is for quint8
// alone; its qint8 tensors follow the common one. ONNX Runtime's rounds the second
// operand first, so that a and b count in their order.
func NewAdd(n Numerics, a, b, out *tensor.QParams, dtype tensor.DType, act Activation) *Add {
	p := &Add{a: NewDequantizer(a), b: NewDequantizer(b), q: NewQuantizer(out, dtype), zero: int32(out.ZeroPoint())}
	p.lo, p.hi = act.Bounds(p.q)
	if n == QNNPACK && dtype == tensor.QUInt8 {
		p.fixedPoint(a, b, out)
	}
	if n == ONNX {
		p.ratio = newAddRatio(a, b, out, p.lo, p.hi)
	}
	return p
}

// fixedPoint chooses the multipliers so that the larger one has 22 bits.
func (p *Add) fixedPoint(a, b, out *tensor.QParams) {
	p.fixed = true
	ra := float32(a.Scale()) / float32(out.Scale())
	rb := float32(b.Scale()) / float32(out.Scale())
	_, exp := math.Frexp(float64(max(ra, rb))) // max = f * 2^exp, f in [0.5, 1)
	p.shift = uint(max(0, min(21-(exp-1), 62)))
	unit := math.Ldexp(1, int(p.shift))
	p.multA = multiplier(float64(ra) * unit)
	p.multB = multiplier(float64(rb) * unit)
	p.bias = -(p.multA*a.ZeroPoint() + p.multB*b.ZeroPoint())
}

// multiplier rounds x >= 0. Scales so far apart that x is infinite, NaN or out
// of all proportion give a number that saturates the sum but fits int64.
func multiplier(x float64) int64 {
	const most = 1 << 40
	if !(x < most) {
		return most
	}
	return int64(math.RoundToEven(x))
}

// Code adds two codes.
func (p *Add) Code(a, b int32) int32 {
	if p.ratio != nil {
		return p.ratio.code(a, b)
	}
	if p.fixed {
		return p.fixedCode(a, b)
	}
	return clamp(p.q.Code(p.a.Fused(a)+p.b.Fused(b)), p.lo, p.hi)
}

// fixedCode rounds half away from zero, as qnnpack's kernel does.
func (p *Add) fixedCode(a, b int32) int32 {
	acc := p.multA*int64(a) + p.multB*int64(b) + p.bias
	mask := int64(1)<<p.shift - 1
	rem := acc & mask
	if acc < 0 {
		rem--
	}
	v := acc >> p.shift
	if rem > mask>>1 {
		v++
	}
	r := int32(max(math.MinInt16, min(v, math.MaxInt16)))
	return clamp(sat16(r+p.zero), p.lo, p.hi)
}

// AddFloat holds the constants of the float rule:
//
//	Q.Code(fma(ScaleA, a, OffsetA) + fma(ScaleB, b, OffsetB))
//
// where the limits of Q are narrowed by the activation.
type AddFloat struct {
	ScaleA, OffsetA float32   // scale of a, and what its zero point adds
	ScaleB, OffsetB float32   // the same of b
	Q               Quantizer // from the sum to codes
}

// Float returns the constants of the float rule, for kernels; false where another rule
// holds.
func (p *Add) Float() (AddFloat, bool) {
	q := p.q
	q.Lo, q.Hi = p.lo, p.hi
	return AddFloat{p.a.Scale, p.a.offset(), p.b.Scale, p.b.offset(), q}, !p.fixed && p.ratio == nil
}

// AddFixed holds the constants of the fixed-point rule where int32 does for it:
//
//	clamp(round((MultA*a + MultB*b + Bias) / 2^Shift) + Zero, Lo, Hi)
//
// with halves rounded away from zero and 1 <= Shift <= 30.
type AddFixed struct {
	MultA, MultB, Bias int32 // factors with Shift fractional bits; Bias is what the zero points add
	Shift              uint  // at most 30
	Zero, Lo, Hi       int32 // zero point and limits of the result
}

// Fixed returns the constants of the fixed-point rule, for kernels; false where
// another rule holds or a sum could leave int32.
func (p *Add) Fixed() (AddFixed, bool) {
	// A term with its zero point is at most 255 times its multiplier.
	const most = math.MaxInt32 / 255
	positive, small := p.multA >= 0 && p.multB >= 0, p.multA <= most && p.multB <= most-p.multA
	fits := positive && small && p.shift >= 1 && p.shift <= 30
	f := AddFixed{Shift: p.shift, Zero: p.zero, Lo: p.lo, Hi: p.hi}
	if !p.fixed || !fits {
		return f, false
	}
	f.MultA, f.MultB, f.Bias = int32(p.multA), int32(p.multB), int32(p.bias)
	return f, true
}
