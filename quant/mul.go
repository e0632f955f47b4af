package quant

import "github.com/octet-ml/octet/tensor"

// Mul is the rule by which two quantized tensors are multiplied:
//
//	clamp(sat16(cvt(f32((a-a_zero)*(b-b_zero)) * m) + zero)),  m = f32(s_a*s_b) * (1f/s_out)
//
// It is the same for every preset.
type Mul struct {
	mult         float32
	aZero, bZero int32
	zero, lo, hi int32
}

// NewMul prepares the product of values quantized by a and b into codes of type
// dtype quantized by out, followed by act.
func NewMul(a, b, out *tensor.QParams, dtype tensor.DType, act Activation) *Mul {
	q := NewQuantizer(out, dtype)
	p := &Mul{
		mult:  float32(float32(float32(a.Scale())*float32(b.Scale())) * q.Inv),
		aZero: int32(a.ZeroPoint()), bZero: int32(b.ZeroPoint()), zero: q.Zero,
	}
	p.lo, p.hi = act.Bounds(q)
	return p
}

// Code multiplies two codes.
func (p *Mul) Code(a, b int32) int32 {
	prod := (a - p.aZero) * (b - p.bZero)
	r := ToInt32(float32(float32(prod) * p.mult))
	return clamp(sat16(sat16(r)+p.zero), p.lo, p.hi)
}

// MulConstants are what the formula of Mul needs.
type MulConstants struct {
	Mult         float32 // the scales of both operands over that of the result
	AZero, BZero int32   // zero points of the operands
	Zero, Lo, Hi int32   // zero point and limits of the result
}

// Constants returns the constants of the rule, for kernels.
func (p *Mul) Constants() MulConstants {
	return MulConstants{p.mult, p.aZero, p.bZero, p.zero, p.lo, p.hi}
}
