package quant

import "github.com/octet-ml/octet/tensor"

// AddRatio holds the constants of ONNX Runtime's rule of addition, that of its kernels for
// CPUs with fused multiply-add:
//
//	clamp(sat16(cvt(fma(a, RatioA, fma(b, RatioB, Fixed)))), Lo, Hi)
type AddRatio struct {
	RatioA, RatioB float32 // the operand's scale over the result's
	Fixed          float32 // zero - fma(RatioA, a_zero, RatioB*b_zero)
	Lo, Hi         int32   // limits of the result
}

func newAddRatio(a, b, out *tensor.QParams, lo, hi int32) *AddRatio {
	r := &AddRatio{
		RatioA: float32(a.Scale()) / float32(out.Scale()),
		RatioB: float32(b.Scale()) / float32(out.Scale()),
		Lo:     lo, Hi: hi,
	}
	r.Fixed = float32(out.ZeroPoint()) - FMA32(r.RatioA, float32(a.ZeroPoint()), float32(r.RatioB*float32(b.ZeroPoint())))
	return r
}

func (r *AddRatio) code(a, b int32) int32 {
	v := FMA32(float32(a), r.RatioA, FMA32(float32(b), r.RatioB, r.Fixed))
	return clamp(sat16(ToInt32(v)), r.Lo, r.Hi)
}

// Ratio returns the constants of ONNX Runtime's rule, for kernels; false where another rule
// holds.
func (p *Add) Ratio() (AddRatio, bool) {
	if p.ratio == nil {
		return AddRatio{}, false
	}
	return *p.ratio, true
}
