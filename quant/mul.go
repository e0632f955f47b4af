package quant

import "github.com/octet-ml/octet/tensor"

// Mul is the rule by which two quantized tensors are multiplied. PyTorch's presets have
//
//	clamp(sat16(cvt(f32((a-a_zero)*(b-b_zero)) * m) + zero)),  m = f32(s_a*s_b) * (1f/s_out)
//
// and ONNX Runtime adds the zero point before it rounds:
//
//	clamp(sat16(cvt(f32(f32((a-a_zero)*(b-b_zero)) * m) + f32(zero)))),  m = f32(s_a*s_b) / s_out
type Mul struct{ c MulConstants }

// NewMul prepares the product of values quantized by a and b into codes of type
// dtype quantized by out, followed by act.
func NewMul(n Numerics, a, b, out *tensor.QParams, dtype tensor.DType, act Activation) *Mul {
	q := NewQuantizer(out, dtype)
	scales := float32(float32(a.Scale()) * float32(b.Scale()))
	p := &Mul{MulConstants{
		Mult:  float32(scales * q.Inv),
		AZero: int32(a.ZeroPoint()), BZero: int32(b.ZeroPoint()), Zero: q.Zero,
	}}
	if n == ONNX {
		p.c.Mult, p.c.Early, p.c.Summand, p.c.Zero = scales/float32(out.Scale()), true, float32(q.Zero), 0
	}
	p.c.Lo, p.c.Hi = act.Bounds(q)
	return p
}

// Code multiplies two codes.
func (p *Mul) Code(a, b int32) int32 {
	c := &p.c
	v := float32(float32((a-c.AZero)*(b-c.BZero)) * c.Mult)
	if c.Early {
		v += c.Summand
	}
	return clamp(sat16(sat16(ToInt32(v))+c.Zero), c.Lo, c.Hi)
}

// MulConstants are what the formulas of Mul need.
type MulConstants struct {
	Mult         float32 // the scales of both operands over that of the result
	AZero, BZero int32   // zero points of the operands
	Zero, Lo, Hi int32   // what is added to the rounded product, and limits of the result
	Early        bool    // Summand, the zero point, is added before the product is rounded
	Summand      float32 // 0 unless Early
}

// Constants returns the constants of the rule, for kernels.
func (p *Mul) Constants() MulConstants { return p.c }
