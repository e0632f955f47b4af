package quant

import "github.com/octet-ml/octet/tensor"

// Rescale is the rule by which codes move from one scale and zero point to
// another, as concatenation needs for each of its inputs. Equal parameters
// leave the codes alone.
type Rescale struct {
	same   bool
	scalar bool
	d      Dequantizer
	q      Quantizer
}

// NewRescale prepares the move from in to out for codes of type dtype.
func NewRescale(in, out *tensor.QParams, dtype tensor.DType) *Rescale {
	return &Rescale{
		same: in.Equal(out),
		d:    NewDequantizer(in),
		q:    NewQuantizer(out, dtype).withInv64(out),
	}
}

// NewScalarRescale is NewRescale by the formula that PyTorch takes where an
// operand of a concatenation is a part of a larger image's channels, so that its
// vector loops do not apply: s*(code-z), and the reciprocal in float32.
func NewScalarRescale(in, out *tensor.QParams, dtype tensor.DType) *Rescale {
	r := NewRescale(in, out, dtype)
	r.scalar, r.q = true, NewQuantizer(out, dtype)
	return r
}

// Code moves one code.
func (r *Rescale) Code(c int32) int32 {
	if r.same {
		return c
	}
	if r.scalar {
		return r.q.Code(r.d.Real(c))
	}
	return r.q.Code(r.d.Fused(c))
}
