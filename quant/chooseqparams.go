package quant

import "math"

// ChooseOptions select among the variants of PyTorch's native rule.
type ChooseOptions struct {
	PreserveSparsity bool // symmetric: a two-sided range gets the middle zero point
	ReduceRange      bool // halve QuantMin and QuantMax, toward zero
}

// ChooseQParamsDynamic derives scale and zero point from a range as PyTorch does
// at run time: quantize_per_tensor_dynamic, dynamic linear and LSTM. Unlike
// CalculateQParams the scale is a float64, and small scales are raised to 6.1e-5.
func ChooseQParamsDynamic(minVal, maxVal float32, quantMin, quantMax int, opt ChooseOptions) (scale float64, zeroPoint int64) {
	return chooseQParams(minVal, maxVal, quantMin, quantMax, opt, false)
}

// ChooseQParamsFused derives scale and zero point as PyTorch's fused moving
// average observer and fake-quantize does: as ChooseQParamsDynamic, with the
// scale rounded to float32 first and another choice between the two zero point
// candidates.
func ChooseQParamsFused(minVal, maxVal float32, quantMin, quantMax int, opt ChooseOptions) (scale float64, zeroPoint int64) {
	return chooseQParams(minVal, maxVal, quantMin, quantMax, opt, true)
}

// smallScale is the scale below which the native rule widens the range.
const smallScale float32 = 6.1e-5

func chooseQParams(lo, hi float32, quantMin, quantMax int, opt ChooseOptions, fused bool) (float64, int64) {
	if opt.ReduceRange {
		quantMin, quantMax = quantMin/2, quantMax/2
	}
	span := quantMax - quantMin
	if opt.PreserveSparsity && lo < 0 && hi > 0 {
		half := float32(span / 2)
		m := max(math.Abs(float64(lo/-(half+1))), math.Abs(float64(hi/half)))
		lo, hi = float32(float64(m*float64(-(half+1)))), float32(float64(m*float64(half)))
	}
	lo, hi = min(lo, 0), max(hi, 0)
	scale := (float64(hi) - float64(lo)) / float64(span)
	if fused {
		scale = float64(float32(scale))
	}
	if float32(scale) == 0 || math.IsInf(float64(1/float32(scale)), 0) {
		scale = 0.1
	}
	if scale < float64(smallScale) {
		lo, hi = widen(lo, hi, float32(scale), float32(span))
		scale = float64(smallScale)
	}
	return scale, chooseZeroPoint(lo, hi, scale, quantMin, quantMax, opt.PreserveSparsity, fused)
}

// widen adjusts a range to the raised scale.
func widen(lo, hi, old, span float32) (float32, float32) {
	switch {
	case lo == 0:
		return lo, float32(smallScale * span)
	case hi == 0:
		return float32(-smallScale * span), hi
	default:
		amplify := smallScale / old
		return float32(lo * amplify), float32(hi * amplify)
	}
}

// chooseZeroPoint takes the candidate with the smaller error estimate: the zero
// point that is exact for the minimum, or the one that is exact for the maximum.
func chooseZeroPoint(lo, hi float32, scale float64, quantMin, quantMax int, sparse, fused bool) int64 {
	qmin, qmax := float64(quantMin), float64(quantMax)
	fromLo, fromHi := float64(lo)/scale, float64(hi)/scale
	errLo, errHi := math.Abs(qmin)-math.Abs(fromLo), math.Abs(qmax)-math.Abs(fromHi)
	if fused {
		errLo, errHi = math.Abs(qmin)+math.Abs(fromLo), math.Abs(qmax)+math.Abs(fromHi)
	}
	z := qmax - fromHi
	if errLo < errHi {
		z = qmin - fromLo
	}
	if sparse && lo < 0 && hi > 0 {
		z = (qmin + qmax) / 2
	}
	switch {
	case z < qmin:
		return int64(quantMin)
	case z > qmax:
		return int64(quantMax)
	case math.IsNaN(z): // a NaN range, which callers refuse
		return 0
	}
	return int64(math.RoundToEven(z))
}
