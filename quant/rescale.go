package quant

import "github.com/octet-ml/octet/tensor"

// Rescale is the rule by which codes move from one scale and zero point to
// another, as concatenation needs for each of its inputs. Equal parameters
// leave the codes alone.
type Rescale struct {
	same  bool
	plain bool // s*(code-z) instead of an fma
	d     Dequantizer
	q     Quantizer
}

// NewRescale prepares the move from in to out for codes of type dtype, by preset n. ONNX
// Runtime has a table of Q(s*(code-z)), where Q divides by the scale.
func NewRescale(n Numerics, in, out *tensor.QParams, dtype tensor.DType) *Rescale {
	r := &Rescale{
		same: in.Equal(out),
		d:    NewDequantizer(in),
		q:    NewQuantizer(out, dtype).withInv64(out),
	}
	if n == ONNX {
		r.q, r.plain = NewActivationQuantizer(n, out, dtype), true
	}
	return r
}

// NewScalarRescale is NewRescale by the formula that PyTorch takes where an
// operand of a concatenation is a part of a larger image's channels, so that its
// vector loops do not apply: s*(code-z), and the reciprocal in float32.
func NewScalarRescale(in, out *tensor.QParams, dtype tensor.DType) *Rescale {
	r := NewRescale(FBGEMM, in, out, dtype)
	r.plain, r.q = true, NewQuantizer(out, dtype)
	return r
}

// Code moves one code.
func (r *Rescale) Code(c int32) int32 {
	if r.same {
		return c
	}
	if r.plain {
		return r.q.Code(r.d.Real(c))
	}
	return r.q.Code(r.d.Fused(c))
}
