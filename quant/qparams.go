package quant

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/tensor"
)

// DefaultEps is the smallest scale that PyTorch's observers give: 2^-23, the
// float32 machine epsilon.
const DefaultEps float32 = 0x1p-23

// CalculateQParams derives scale and zero point from a range, as PyTorch's
// observers do (calculate_qparams), all in float32. The range is widened to
// contain zero, so that zero has an exact code. In the affine schemes
//
//	scale = max((hi-lo) / (Max-Min), eps)
//	zero  = clamp(Min - rne(lo/scale), Min, Max)
//
// and in the symmetric ones scale = max(max(-lo, hi) / ((Max-Min)/2), eps), with
// the zero point 0 for signed codes and the middle of the range for quint8.
//
// A range that was never observed, (+Inf, -Inf), gives 1 and 0. NaN and
// infinite ranges give NaN and infinite scales, as in PyTorch; minVal > maxVal
// is an error. The scale is a float32 number, widened.
//
// PerChannelAffineFloatQParams has float zero points: use FloatQParams.
func CalculateQParams(minVal, maxVal float32, scheme QScheme, dtype tensor.DType, r CodeRange, eps float32) (scale float64, zeroPoint int64, err error) {
	if scheme == PerChannelAffineFloatQParams {
		return 0, 0, fmt.Errorf("%v has float zero points", scheme)
	}
	if neverObserved(minVal, maxVal) {
		return 1, 0, nil
	}
	if minVal > maxVal {
		return 0, 0, fmt.Errorf("range minimum %g is above its maximum %g", minVal, maxVal)
	}
	lo, hi := min(minVal, 0), max(maxVal, 0)
	if scheme.IsSymmetric() {
		s := max(max(-lo, hi)/float32(float64(r.Max-r.Min)/2), eps)
		return float64(s), r.middle(dtype), nil
	}
	s := max((hi-lo)/float32(r.Max-r.Min), eps)
	z := int32(r.Min) - ToInt32(lo/s) // int32 arithmetic wraps, as torch's does for NaN
	return float64(s), max(r.Min, min(int64(z), r.Max)), nil
}

// middle is the zero point of the symmetric schemes.
func (r CodeRange) middle(dtype tensor.DType) int64 {
	switch {
	case dtype != tensor.QUInt8:
		return 0
	case r.Given:
		return (r.Min + r.Max) >> 1
	default:
		return 128
	}
}

// neverObserved is the state that a per-tensor observer starts in.
func neverObserved(minVal, maxVal float32) bool {
	return math.IsInf(float64(minVal), 1) && math.IsInf(float64(maxVal), -1)
}

// FloatQParams derives the parameters of the per_channel_affine_float_qparams
// scheme from a range: scale = (max-min)/(Max-Min), or 1 where that is not above
// eps, and zero = -min/scale. The range is not widened to contain zero.
func FloatQParams(minVal, maxVal float32, r CodeRange, eps float32) (scale float64, zeroPoint float32, err error) {
	if minVal > maxVal {
		return 0, 0, fmt.Errorf("range minimum %g is above its maximum %g", minVal, maxVal)
	}
	s := (maxVal - minVal) / float32(r.Max-r.Min)
	if !(s > eps) {
		s = 1
	}
	return float64(s), -minVal / s, nil
}

// CalculateQParamsPerChannel applies CalculateQParams, or FloatQParams, to the
// range of each channel and returns parameters along axis.
func CalculateQParamsPerChannel(mins, maxs []float32, axis int, scheme QScheme, dtype tensor.DType, r CodeRange, eps float32) (*tensor.QParams, error) {
	if len(mins) != len(maxs) {
		return nil, fmt.Errorf("%d minima and %d maxima", len(mins), len(maxs))
	}
	q := &tensor.QParams{Scales: make([]float64, len(mins)), Axis: axis}
	isFloat := scheme == PerChannelAffineFloatQParams
	if isFloat {
		q.FloatZeroPoints = make([]float32, len(mins))
	} else {
		q.ZeroPoints = make([]int64, len(mins))
	}
	for c := range mins {
		var err error
		if isFloat {
			q.Scales[c], q.FloatZeroPoints[c], err = FloatQParams(mins[c], maxs[c], r, eps)
		} else {
			q.Scales[c], q.ZeroPoints[c], err = CalculateQParams(mins[c], maxs[c], scheme, dtype, r, eps)
		}
		if err != nil {
			return nil, fmt.Errorf("channel %d: %w", c, err)
		}
	}
	return q, nil
}
