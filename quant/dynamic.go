package quant

import "math"

// Dynamic quantization chooses the parameters of an activation from its own range in every
// run. Under the preset onnx, ONNX's DynamicQuantizeLinear does, with float32 rounding after
// each operation:
//
//	scale = (max(hi, 0) - min(lo, 0)) / 255, or 1 where that is 0
//	zero  = clamp(rne(0 - min(lo, 0) / scale), 0, 255)
//	code  = clamp(rne(x / scale) + zero, 0, 255)
//
// PyTorch's presets follow ChooseQParamsDynamic and quantize_per_tensor; but for qnnpack they
// reduce the range to 0..127, as torch.ao.nn.quantized.dynamic does.

// NewDynamicQuantizer returns the scale of numbers from lo to hi under preset n, and the
// Quantizer to codes of quint8.
func NewDynamicQuantizer(n Numerics, lo, hi float32) (scale float32, z Quantizer) {
	if n != ONNX && n != NumericsUnset {
		s, zero := ChooseQParamsDynamic(lo, hi, 0, 255, ChooseOptions{ReduceRange: n != QNNPACK})
		z = Quantizer{Inv: 1 / float32(s), Zero: int32(zero), Hi: 255}
		return dynamicScale(n, s), z
	}
	lo, hi = min(lo, 0), max(hi, 0)
	scale = 1
	if hi != lo {
		scale = (hi - lo) / 255
	}
	return scale, Quantizer{Divisor: scale, Zero: ToInt32(max(0, min(0-lo/scale, 255))), Hi: 255}
}

// NewRowQuantizer returns the scale of a row of numbers from lo to hi, and the Quantizer to codes
// of quint8, where each row of an activation has parameters of its own. The rule is that of
// DynamicQuantizeLinear, save that the scale is 1 also where it would be too small for a float32.
// No other runtime has it, so that it is the same under every preset.
func NewRowQuantizer(lo, hi float32) (scale float32, z Quantizer) {
	lo, hi = min(lo, 0), max(hi, 0)
	if scale = (hi - lo) / 255; scale == 0 {
		scale = 1
	}
	return scale, Quantizer{Divisor: scale, Zero: ToInt32(max(0, min(0-lo/scale, 255))), Hi: 255}
}

// DynamicWeightScale is the scale of a weight as a dynamic layer multiplies it by that of its
// operand.
func DynamicWeightScale(n Numerics, s float64) float32 { return dynamicScale(n, s) }

// dynamicScale is s in float32; oneDNN is given its reciprocal, which it inverts again.
func dynamicScale(n Numerics, s float64) float32 {
	if n == OneDNN {
		return 1 / float32(1/s)
	}
	return float32(s)
}

// DynamicFused reports whether dynamic layers add their bias to the scaled sum by a fused
// multiply-add: fma(sum, scale, bias).
func DynamicFused(n Numerics) bool { return n == FBGEMM }

// FloorBias is a bias as a multiple of the scale of its accumulators, rounded down.
func FloorBias(bias, scale float32) int32 {
	return saturate32(math.Floor(float64(bias / scale)))
}
