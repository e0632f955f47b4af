package quant

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/tensor"
)

// QuantizePerTensor quantizes a Float32 tensor with one scale and zero point
// into quint8, qint8 or qint32 codes: torch.quantize_per_tensor, to the bit,
// including what it makes of NaN and infinities (see Quantizer).
//
// The scale is kept as given and rounded to float32 for the arithmetic. It must
// be finite and positive, and the zero point one of the type's codes.
func QuantizePerTensor(t *tensor.Tensor, scale float64, zeroPoint int64, dtype tensor.DType) (*tensor.Tensor, error) {
	q := tensor.Affine(scale, zeroPoint)
	out, err := newQuantized("QuantizePerTensor", t, q, dtype)
	if err != nil {
		return nil, err
	}
	src := t.Float32s()
	switch dtype {
	case tensor.QUInt8:
		quantizeAffine(out.Uint8s(), src, NewQuantizer(q, dtype))
	case tensor.QInt8:
		quantizeAffine(out.Int8s(), src, NewQuantizer(q, dtype))
	default:
		quantizeScalar(out.Int32s(), src, newScalarQuantizer(scale, zeroPoint, dtype))
	}
	return out, nil
}

// QuantizePerChannel quantizes a Float32 tensor with a scale and a zero point for
// every index of axis (negative axes count from the end):
// torch.quantize_per_channel, to the bit. NaN becomes the code 0 (the lowest code
// for qint32); infinities saturate.
func QuantizePerChannel(t *tensor.Tensor, scales []float64, zeroPoints []int64, axis int, dtype tensor.DType) (*tensor.Tensor, error) {
	q := tensor.PerAxis(scales, zeroPoints, fromEnd(axis, t))
	out, err := newQuantized("QuantizePerChannel", t, q, dtype)
	if err != nil {
		return nil, err
	}
	src := t.Float32s()
	eachChannel(t.Shape(), q.Axis, func(c, lo, hi int) {
		z := newScalarQuantizer(scales[c], zeroPoints[c], dtype)
		switch dtype {
		case tensor.QUInt8:
			quantizeScalar(out.Uint8s()[lo:hi], src[lo:hi], z)
		case tensor.QInt8:
			quantizeScalar(out.Int8s()[lo:hi], src[lo:hi], z)
		default:
			quantizeScalar(out.Int32s()[lo:hi], src[lo:hi], z)
		}
	})
	return out, nil
}

// QuantizePerChannelFloat is QuantizePerChannel with float zero points, the
// per_channel_affine_float_qparams scheme of embedding tables:
// clamp(rne(f32(x * (1f/scale)) + zero)). NaN and infinities become the code 0;
// beyond 2^31 steps codes wrap, as PyTorch's do.
func QuantizePerChannelFloat(t *tensor.Tensor, scales []float64, zeroPoints []float32, axis int, dtype tensor.DType) (*tensor.Tensor, error) {
	q := &tensor.QParams{Scales: scales, FloatZeroPoints: zeroPoints, Axis: fromEnd(axis, t)}
	if q.FloatZeroPoints == nil {
		q.FloatZeroPoints = []float32{}
	}
	if dtype == tensor.QInt32 {
		return nil, fmt.Errorf("QuantizePerChannelFloat: %v is not supported: use quint8 or qint8", dtype)
	}
	out, err := newQuantized("QuantizePerChannelFloat", t, q, dtype)
	if err != nil {
		return nil, err
	}
	src := t.Float32s()
	eachChannel(t.Shape(), q.Axis, func(c, lo, hi int) {
		inv := 1 / float32(scales[c])
		if dtype == tensor.QUInt8 {
			quantizeFloatZero(out.Uint8s()[lo:hi], src[lo:hi], inv, zeroPoints[c], 0, 255)
		} else {
			quantizeFloatZero(out.Int8s()[lo:hi], src[lo:hi], inv, zeroPoints[c], -128, 127)
		}
	})
	return out, nil
}

func quantizeFloatZero[T uint8 | int8](dst []T, src []float32, inv, zero float32, lo, hi int32) {
	for i, x := range src {
		dst[i] = T(clamp(lowInt32(float32(x*inv)+zero), lo, hi))
	}
}

// QuantizePerTensorDynamic quantizes a Float32 tensor with the scale and zero
// point of its own range (ChooseQParamsDynamic): torch.quantize_per_tensor_dynamic,
// to the bit. dtype is quint8 or qint8.
func QuantizePerTensorDynamic(t *tensor.Tensor, dtype tensor.DType, reduceRange bool) (*tensor.Tensor, error) {
	if dtype != tensor.QUInt8 && dtype != tensor.QInt8 {
		return nil, fmt.Errorf("QuantizePerTensorDynamic: %v is not supported: use quint8 or qint8", dtype)
	}
	if err := wantFloat32("QuantizePerTensorDynamic", t); err != nil {
		return nil, err
	}
	if t.Numel() == 0 {
		return nil, fmt.Errorf("QuantizePerTensorDynamic: a tensor of shape %v has no range", t.Shape())
	}
	lo, hi := MinMaxOf(t.Float32s())
	if d := float64(hi) - float64(lo); math.IsNaN(d) || math.IsInf(d, 0) {
		return nil, fmt.Errorf("QuantizePerTensorDynamic: the tensor's range is %g..%g: remove NaN and infinite values first", lo, hi)
	}
	qmin, qmax := dtype.CodeRange()
	scale, zero := ChooseQParamsDynamic(lo, hi, int(qmin), int(qmax), ChooseOptions{ReduceRange: reduceRange})
	return QuantizePerTensor(t, scale, zero, dtype)
}

// MinMaxOf returns the smallest and largest element. NaN anywhere gives NaN for
// both, as torch.aminmax does; no elements give (+Inf, -Inf).
func MinMaxOf(x []float32) (lo, hi float32) {
	lo, hi = float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range x {
		if v >= lo && v <= hi { // almost always, once the range has settled
			continue
		}
		if v != v {
			return v, v
		}
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}

// newQuantized checks what a quantizing function was given and allocates its result.
func newQuantized(what string, t *tensor.Tensor, q *tensor.QParams, dtype tensor.DType) (*tensor.Tensor, error) {
	if err := wantFloat32(what, t); err != nil {
		return nil, err
	}
	if !dtype.IsQuantized() {
		return nil, fmt.Errorf("%s: %v is no quantized type: use quint8, qint8 or qint32", what, dtype)
	}
	if err := q.Validate(dtype, t.Shape()); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return tensor.NewQuantized(dtype, q, t.Shape()...), nil
}

func wantFloat32(what string, t *tensor.Tensor) error {
	switch {
	case t.DType() == tensor.Float32:
		return nil
	case t.DType().IsQuantized():
		return fmt.Errorf("%s: the tensor is already quantized (%v): Dequantize it first", what, t)
	default:
		return fmt.Errorf("%s: the tensor has type %v, not float32: convert it with ToFloat32 first", what, t.DType())
	}
}

// fromEnd resolves a negative axis. One that is out of range stays so, for
// Validate to refuse; -1 alone means PerTensor there, hence the shift.
func fromEnd(axis int, t *tensor.Tensor) int {
	if axis >= 0 {
		return axis
	}
	if axis += len(t.Shape()); axis < 0 {
		return len(t.Shape())
	}
	return axis
}

// eachChannel calls f for every run of elements lo..hi that share index c of axis.
func eachChannel(shape tensor.Shape, axis int, f func(c, lo, hi int)) {
	outer, inner := shape[:axis].Numel(), shape[axis+1:].Numel()
	at := 0
	for range outer {
		for c := range shape[axis] {
			f(c, at, at+inner)
			at += inner
		}
	}
}

func quantizeAffine[T uint8 | int8](dst []T, src []float32, z Quantizer) {
	for i, x := range src {
		dst[i] = T(z.Code(x))
	}
}

// scalarQuantizer is PyTorch's rule outside its vector loops. The sum with the
// zero point is a float32 one, which matters for qint32 beyond 2^24.
type scalarQuantizer struct {
	inv, zero float32
	lo, hi    float64
	nan       int32
}

func newScalarQuantizer(scale float64, zero int64, dtype tensor.DType) scalarQuantizer {
	lo, hi := dtype.CodeRange()
	z := scalarQuantizer{inv: 1 / float32(scale), zero: float32(zero), lo: float64(lo), hi: float64(hi)}
	if dtype == tensor.QInt32 {
		z.nan = math.MinInt32
	}
	return z
}

func (z scalarQuantizer) code(x float32) int32 {
	y := float64(z.zero + RoundEven(float32(x*z.inv)))
	switch {
	case y != y:
		return z.nan
	case y <= z.lo:
		return int32(z.lo)
	case y >= z.hi:
		return int32(z.hi)
	}
	return int32(y)
}

func quantizeScalar[T uint8 | int8 | int32](dst []T, src []float32, z scalarQuantizer) {
	for i, x := range src {
		dst[i] = T(z.code(x))
	}
}
