package tensor

import (
	"fmt"
	"math"
	"slices"
)

// PerTensor is the Axis of QParams that hold for the whole tensor.
const PerTensor = -1

// QParams give the codes of a quantized tensor their meaning:
// real = (code - ZeroPoint) * Scale.
//
// Scales are float64 because that is what PyTorch stores; the numeric contract
// says where they are rounded to float32.
type QParams struct {
	Scales     []float64 // one per tensor, or one per index along Axis
	ZeroPoints []int64   // as many as Scales; nil when FloatZeroPoints is set
	Axis       int       // PerTensor, or the axis the parameters run along

	// FloatZeroPoints is set, and ZeroPoints nil, only for PyTorch's
	// per_channel_affine_float_qparams scheme (embedding tables), where
	// real = (code - FloatZeroPoint) * Scale in float32.
	FloatZeroPoints []float32
}

// Affine returns per-tensor parameters.
func Affine(scale float64, zeroPoint int64) *QParams {
	return &QParams{Scales: []float64{scale}, ZeroPoints: []int64{zeroPoint}, Axis: PerTensor}
}

// PerAxis returns per-channel parameters along axis. The slices are kept.
func PerAxis(scales []float64, zeroPoints []int64, axis int) *QParams {
	return &QParams{Scales: scales, ZeroPoints: zeroPoints, Axis: axis}
}

// IsPerTensor reports whether one scale and zero point hold for all elements.
func (q *QParams) IsPerTensor() bool { return q.Axis == PerTensor }

// Scale returns the scale of per-tensor parameters.
func (q *QParams) Scale() float64 { return q.Scales[0] }

// ZeroPoint returns the zero point of per-tensor parameters.
func (q *QParams) ZeroPoint() int64 { return q.ZeroPoints[0] }

// Equal reports whether both describe the same mapping, bit for bit.
func (q *QParams) Equal(p *QParams) bool {
	if q == nil || p == nil {
		return q == p
	}
	return q.Axis == p.Axis && slices.Equal(q.Scales, p.Scales) &&
		slices.Equal(q.ZeroPoints, p.ZeroPoints) && slices.Equal(q.FloatZeroPoints, p.FloatZeroPoints)
}

// String formats the parameters for messages.
func (q *QParams) String() string {
	switch {
	case q == nil:
		return "no quantization parameters"
	case q.IsPerTensor():
		return fmt.Sprintf("scale=%g zero_point=%d", q.Scale(), q.ZeroPoint())
	default:
		return fmt.Sprintf("per channel, axis %d, %d scales", q.Axis, len(q.Scales))
	}
}

// Validate checks parameters that came from outside against the tensor they
// are for: scales finite and positive, zero points within the codes of dtype,
// as many of both as the axis is long.
func (q *QParams) Validate(dtype DType, shape Shape) error {
	if !dtype.IsQuantized() {
		return fmt.Errorf("quantization parameters on a tensor of type %v", dtype)
	}
	want := 1
	if q.Axis != PerTensor {
		if q.Axis < 0 || q.Axis >= len(shape) {
			return fmt.Errorf("quantization axis %d is outside shape %v", q.Axis, shape)
		}
		want = shape[q.Axis]
	}
	points := len(q.ZeroPoints)
	if q.FloatZeroPoints != nil {
		points = len(q.FloatZeroPoints)
	}
	if len(q.Scales) != want || points != want || want == 0 {
		return fmt.Errorf("%d scales and %d zero points where shape %v with axis %d needs %d",
			len(q.Scales), points, shape, q.Axis, want)
	}
	for i, s := range q.Scales {
		// The contract computes in float32, so the scale must survive there too.
		if f := float64(float32(s)); !(f > 0) || math.IsInf(f, 0) {
			return fmt.Errorf("scale %d is %v; a scale must be finite and positive", i, s)
		}
	}
	lo, hi := dtype.CodeRange()
	for i, z := range q.ZeroPoints {
		if z < lo || z > hi {
			return fmt.Errorf("zero point %d is %d, outside %d..%d of %v", i, z, lo, hi, dtype)
		}
	}
	for i, z := range q.FloatZeroPoints {
		if math.IsNaN(float64(z)) || math.IsInf(float64(z), 0) {
			return fmt.Errorf("zero point %d is %v; it must be finite", i, z)
		}
	}
	return nil
}
