package quant

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/tensor"
)

// FakeQuantizePerTensor rounds the values of a Float32 tensor to those that codes
// quantMin..quantMax can stand for, and returns them with the mask of the values
// that were within the range, through which gradients pass (a Bool tensor):
// torch.fake_quantize_per_tensor_affine, to the bit. NaN becomes the lowest
// value, outside the mask.
//
//	t = rne(x * (1f/scale)) + zero;  y = (clamp(t) - zero) * scale
func FakeQuantizePerTensor(t *tensor.Tensor, scale float64, zeroPoint int64, quantMin, quantMax int) (y, mask *tensor.Tensor, err error) {
	const what = "FakeQuantizePerTensor"
	if err := checkFakeQuant(what, t, quantMin, quantMax, []float64{scale}, []int64{zeroPoint}); err != nil {
		return nil, nil, err
	}
	dst, in := make([]float32, t.Numel()), make([]uint8, t.Numel())
	newFakeQuantizer(float32(scale), float32(zeroPoint), quantMin, quantMax).run(dst, in, t.Float32s(), noLimit)
	return tensor.Of(dst, t.Shape()...), tensor.OfType(tensor.Bool, in, t.Shape()...), nil
}

// FakeQuantizePerChannel is FakeQuantizePerTensor with the per-channel
// parameters q, which may have float zero points:
// torch.fake_quantize_per_channel_affine, to the bit. +Inf and values beyond
// 2^63 steps become the lowest value, because PyTorch goes through int64 here.
// With float zero points
//
//	t = rne(fma(x, 1f/scale, zero));  y = f32((f64(clamp(t)) - f64(zero)) * f64(f32(scale)))
func FakeQuantizePerChannel(t *tensor.Tensor, q *tensor.QParams, quantMin, quantMax int) (y, mask *tensor.Tensor, err error) {
	const what = "FakeQuantizePerChannel"
	if err := checkFakeQuant(what, t, quantMin, quantMax, q.Scales, q.ZeroPoints); err != nil {
		return nil, nil, err
	}
	points := max(len(q.ZeroPoints), len(q.FloatZeroPoints))
	if q.Axis < 0 || q.Axis >= len(t.Shape()) || len(q.Scales) != t.Dim(q.Axis) || points != t.Dim(q.Axis) {
		return nil, nil, fmt.Errorf("%s: %d scales and %d zero points on axis %d do not fit shape %v",
			what, len(q.Scales), points, q.Axis, t.Shape())
	}
	src, dst, in := t.Float32s(), make([]float32, t.Numel()), make([]uint8, t.Numel())
	eachChannel(t.Shape(), q.Axis, func(c, lo, hi int) {
		s := float32(q.Scales[c])
		if q.FloatZeroPoints != nil {
			newFakeQuantizer(s, q.FloatZeroPoints[c], quantMin, quantMax).runFloat(dst[lo:hi], in[lo:hi], src[lo:hi], 0x1p63)
		} else {
			newFakeQuantizer(s, float32(q.ZeroPoints[c]), quantMin, quantMax).run(dst[lo:hi], in[lo:hi], src[lo:hi], 0x1p63)
		}
	})
	return tensor.Of(dst, t.Shape()...), tensor.OfType(tensor.Bool, in, t.Shape()...), nil
}

func checkFakeQuant(what string, t *tensor.Tensor, quantMin, quantMax int, scales []float64, zeros []int64) error {
	if err := wantFloat32(what, t); err != nil {
		return err
	}
	if quantMin > quantMax {
		return fmt.Errorf("%s: quant_min %d is above quant_max %d", what, quantMin, quantMax)
	}
	for i, s := range scales {
		if f := float64(float32(s)); !(f > 0) || math.IsInf(f, 0) {
			return fmt.Errorf("%s: scale %d is %v; a scale must be finite and positive", what, i, s)
		}
	}
	for i, z := range zeros {
		if z < int64(quantMin) || z > int64(quantMax) {
			return fmt.Errorf("%s: zero point %d is %d, outside %d..%d", what, i, z, quantMin, quantMax)
		}
	}
	return nil
}

// fakeQuantizer holds what the loops over elements need.
type fakeQuantizer struct {
	scale, inv, zero, lo, hi float32
}

func newFakeQuantizer(scale, zero float32, quantMin, quantMax int) fakeQuantizer {
	return fakeQuantizer{scale: scale, inv: 1 / scale, zero: zero, lo: float32(quantMin), hi: float32(quantMax)}
}

// noLimit is above every number, so that only the codes limit.
var noLimit = float32(math.NaN())

// run goes through int64 where limit is 2^63; converting what is not below it
// gives -2^63.
func (f fakeQuantizer) run(dst []float32, mask []uint8, src []float32, limit float32) {
	for i, x := range src {
		q, in := f.limit(RoundEven(float32(x*f.inv))+f.zero, limit)
		dst[i] = float32((q - f.zero) * f.scale)
		mask[i] = in
	}
}

func (f fakeQuantizer) runFloat(dst []float32, mask []uint8, src []float32, limit float32) {
	for i, x := range src {
		q, in := f.limit(RoundEven(FMA32(x, f.inv, f.zero)), limit)
		dst[i] = float32(float64(float64(q)-float64(f.zero)) * float64(f.scale))
		mask[i] = in
	}
}

// limit clamps t to the codes and says whether it was among them. NaN and what
// is at or above limit give the lowest code.
func (f fakeQuantizer) limit(t, limit float32) (q float32, in uint8) {
	switch {
	case !(t >= f.lo), t >= limit && t > f.hi:
		return f.lo, 0
	case t > f.hi:
		return f.hi, 0
	}
	return t, 1
}
