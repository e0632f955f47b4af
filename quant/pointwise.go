package quant

import "github.com/octet-ml/octet/tensor"

// Pointwise is the rule by which a function of one real number is applied to a
// code. There are three:
//
//	ATen's vector loop    Q(f(fma(s, code, f32(s*-z)))), reciprocal of the scale
//	                      taken in float64 and rounded
//	qnnpack's table       rne(clamp(f32(f32(inv * f(s*(code-z))) + zero), lo, hi))
//	ONNX Runtime's table  Q(f(s*(code-z))), where Q divides by the scale
//
// qnnpack's is for quint8 alone; its qint8 tensors follow the common one.
type Pointwise struct {
	f     func(float32) float32
	d     Dequantizer
	q     Quantizer
	table bool // qnnpack's rule
	plain bool // s*(code-z) instead of the fma
}

func newPointwise(n Numerics, in, out *tensor.QParams, dtype tensor.DType, f func(float32) float32) *Pointwise {
	p := &Pointwise{f: f, d: NewDequantizer(in), q: NewQuantizer(out, dtype)}
	switch {
	case n == QNNPACK && dtype == tensor.QUInt8:
		p.table = true
	case n == ONNX:
		p.q, p.plain = NewActivationQuantizer(n, out, dtype), true
	default:
		p.q = p.q.withInv64(out)
	}
	return p
}

// NewFunction prepares a function for which PyTorch has no rule on codes: it is applied
// to what a code stands for.
func NewFunction(n Numerics, in, out *tensor.QParams, dtype tensor.DType, f func(float32) float32) *Pointwise {
	return newPointwise(n, in, out, dtype, f)
}

// NewHardswish prepares hardswish from codes quantized by in to codes of type
// dtype quantized by out.
func NewHardswish(n Numerics, in, out *tensor.QParams, dtype tensor.DType) *Pointwise {
	return newPointwise(n, in, out, dtype, Hardswish)
}

// NewHardsigmoid prepares hardsigmoid, whose result is quantized by
// UnitInterval.
func NewHardsigmoid(n Numerics, in *tensor.QParams, dtype tensor.DType) *Pointwise {
	return newPointwise(n, in, UnitInterval(dtype), dtype, Hardsigmoid)
}

// NewSigmoid prepares the logistic function, whose result is quantized by
// UnitInterval.
func NewSigmoid(n Numerics, in *tensor.QParams, dtype tensor.DType) *Pointwise {
	p := newPointwise(n, in, UnitInterval(dtype), dtype, Sigmoid)
	p.plain = true
	return p
}

// UnitInterval are the parameters by which PyTorch quantizes values from 0 to 1
// whose range is known: scale 1/256 and the lowest code as zero point.
func UnitInterval(dtype tensor.DType) *tensor.QParams {
	lo, _ := dtype.CodeRange()
	return tensor.Affine(1.0/256, lo)
}

// Code maps one code.
func (p *Pointwise) Code(c int32) int32 {
	if p.table {
		v := float32(p.q.Inv*p.f(p.d.Real(c))) + float32(p.q.Zero)
		return ToInt32(max(float32(p.q.Lo), min(v, float32(p.q.Hi))))
	}
	x := p.d.Fused(c)
	if p.plain {
		x = p.d.Real(c)
	}
	return p.q.Code(p.f(x))
}
