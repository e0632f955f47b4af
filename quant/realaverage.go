package quant

import "github.com/octet-ml/octet/tensor"

// RealAverage is ONNX Runtime's rule of average pooling: the numbers that the codes of a window stand for
// are added in float32, row by row, and their mean becomes a code of the result's own parameters.
type RealAverage struct {
	Dequantizer         // of the codes of the window
	scale, zero float32 // of the result
	lo, hi      int32
}

// NewRealAverage prepares it for codes of type dtype.
func NewRealAverage(in, out *tensor.QParams, dtype tensor.DType) *RealAverage {
	lo, hi := dtype.CodeRange()
	return &RealAverage{NewDequantizer(in), float32(out.Scale()), float32(out.ZeroPoint()), int32(lo), int32(hi)}
}

// Code is that of the mean of a window with this sum, divided by div.
func (p *RealAverage) Code(sum float32, div int) int32 {
	mean := sum / float32(div)
	return clamp(ToInt32(float32(mean/p.scale)+p.zero), p.lo, p.hi)
}
