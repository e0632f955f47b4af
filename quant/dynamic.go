package quant

import "math"

// Dynamic quantization chooses the parameters of an activation from its own range in every
// run, as ONNX's DynamicQuantizeLinear does:
//
//	scale = (max(hi, 0) - min(lo, 0)) / 255, or 1 where that is 0
//	zero  = clamp(rne(0 - min(lo, 0) / scale), 0, 255)
//	code  = clamp(rne(x / scale) + zero, 0, 255)
//
// with float32 rounding after each operation.

// NewDynamicQuantizer returns the scale of numbers from lo to hi, and the Quantizer to codes
// of quint8.
func NewDynamicQuantizer(lo, hi float32) (scale float32, z Quantizer) {
	lo, hi = min(lo, 0), max(hi, 0)
	scale = 1
	if hi != lo {
		scale = (hi - lo) / 255
	}
	return scale, Quantizer{Divisor: scale, Zero: ToInt32(max(0, min(0-lo/scale, 255))), Hi: 255}
}

// FloorBias is a bias as a multiple of the scale of its accumulators, rounded down.
func FloorBias(bias, scale float32) int32 {
	return saturate32(math.Floor(float64(bias / scale)))
}
