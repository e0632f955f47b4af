package quant

import "github.com/octet-ml/octet/tensor"

// Average is the rule by which a window of codes becomes their mean, with the
// scale and zero point of the input, or by ONNX Runtime's rule with those of the result. Sum and Count
// describe the window: the sum of its codes and how many there were; padding contributes to neither.
type Average struct {
	rule         averageRule
	scale, to    float32 // of the window and of the result
	from         int32   // the zero point of the window
	zero, lo, hi int32   // of the result
}

type averageRule uint8

const (
	windowRule   averageRule = iota // avg_pool2d of fbgemm and onednn
	adaptiveRule                    // adaptive_avg_pool2d of fbgemm and onednn
	ratioRule                       // every pooling of qnnpack, and ONNX Runtime's of whole images
)

// NewAverage prepares avg_pool2d over codes of type dtype quantized by q.
// qnnpack's own rule is for quint8 alone; its qint8 tensors follow fbgemm's.
func NewAverage(n Numerics, q *tensor.QParams, dtype tensor.DType) *Average {
	return newAverage(n, windowRule, q, q, dtype)
}

// NewAdaptiveAverage prepares adaptive_avg_pool2d. even says whether every
// window has the same size (output extents divide the input's and differ from
// them): qnnpack has its own rule only then. ONNX Runtime's is that of whole images.
func NewAdaptiveAverage(n Numerics, in, out *tensor.QParams, dtype tensor.DType, even bool) *Average {
	if n == ONNX {
		return newAverage(n, ratioRule, in, out, dtype)
	}
	if !even {
		n = FBGEMM
	}
	return newAverage(n, adaptiveRule, in, in, dtype)
}

// NewMeanAverage prepares the mean over images; false where the preset has no rule on codes,
// but takes the mean of the numbers that they stand for.
func NewMeanAverage(n Numerics, in, out *tensor.QParams, dtype tensor.DType) (*Average, bool) {
	if n == ONNX || n == QNNPACK && dtype == tensor.QUInt8 {
		return newAverage(n, ratioRule, in, out, dtype), true
	}
	return nil, false
}

func newAverage(n Numerics, rule averageRule, in, out *tensor.QParams, dtype tensor.DType) *Average {
	z := NewQuantizer(out, dtype)
	if n == QNNPACK && dtype == tensor.QUInt8 {
		rule = ratioRule
	}
	return &Average{rule: rule, scale: float32(in.Scale()), to: float32(out.Scale()), from: int32(in.ZeroPoint()), zero: z.Zero, lo: z.Lo, hi: z.Hi}
}

// Multiplier returns the factor for a window that is divided by div. A kernel
// computes it once for windows of one size.
func (p *Average) Multiplier(div int) float32 {
	switch p.rule {
	case ratioRule:
		return p.scale / float32(p.to*float32(div))
	case adaptiveRule:
		return 1 / (1 / (1 / float32(div)))
	default:
		return 1 / float32(div)
	}
}

// Code averages one window: sum of the codes of its count cells, times m, the
// Multiplier of the divisor.
func (p *Average) Code(sum int32, count int, m float32) int32 {
	return p.CodeOf(sum-p.from*int32(count), m)
}

// CodeOf is Code for the sum of the distances of codes from their zero point.
func (p *Average) CodeOf(distances int32, m float32) int32 {
	r := ToInt32(float32(float32(distances) * m))
	return clamp(sat16(sat16(r)+p.zero), p.lo, p.hi)
}

// Limits returns the zero points of the window and of the result, and the range of codes, for
// kernels.
func (p *Average) Limits() (from, zero, lo, hi int32) { return p.from, p.zero, p.lo, p.hi }
