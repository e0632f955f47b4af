package quant

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// Dequantize returns the real numbers that a quantized tensor stands for, as
// Float32: torch.dequantize, to the bit. The formulas differ by scheme:
//
//	per tensor          f32(scale) * f32(code - zero)
//	per channel         f32(f64(f32(code) - f32(zero)) * f64(scale))
//	float zero points   (f32(code) - zero) * f32(scale)
func Dequantize(t *tensor.Tensor) (*tensor.Tensor, error) {
	if !t.DType().IsQuantized() {
		return nil, fmt.Errorf("Dequantize: the tensor has type %v: only quantized tensors can be dequantized", t.DType())
	}
	out := make([]float32, t.Numel())
	switch t.DType() {
	case tensor.QUInt8:
		dequantize(out, t.Uint8s(), t)
	case tensor.QInt8:
		dequantize(out, t.Int8s(), t)
	default:
		dequantize(out, t.Int32s(), t)
	}
	return tensor.Of(out, t.Shape()...), nil
}

func dequantize[T uint8 | int8 | int32](dst []float32, codes []T, t *tensor.Tensor) {
	q := t.QParams()
	if q.IsPerTensor() {
		d := NewDequantizer(q)
		for i, c := range codes {
			dst[i] = d.Real(int32(c))
		}
		return
	}
	eachChannel(t.Shape(), q.Axis, func(ch, lo, hi int) {
		scale := q.Scales[ch]
		if q.FloatZeroPoints != nil {
			zero := q.FloatZeroPoints[ch]
			for i, c := range codes[lo:hi] {
				dst[lo+i] = float32((float32(c) - zero) * float32(scale))
			}
			return
		}
		zero := float32(q.ZeroPoints[ch])
		for i, c := range codes[lo:hi] {
			dst[lo+i] = float32(float64(float32(c)-zero) * scale)
		}
	})
}

// IntRepr returns a copy of the codes of a quantized tensor as a plain UInt8,
// Int8 or Int32 tensor: torch's int_repr.
func IntRepr(t *tensor.Tensor) (*tensor.Tensor, error) {
	switch t.DType() {
	case tensor.QUInt8:
		return plain(t.Uint8s(), t), nil
	case tensor.QInt8:
		return plain(t.Int8s(), t), nil
	case tensor.QInt32:
		return plain(t.Int32s(), t), nil
	}
	return nil, fmt.Errorf("IntRepr: the tensor has type %v: only quantized tensors have codes", t.DType())
}

func plain[T uint8 | int8 | int32](codes []T, t *tensor.Tensor) *tensor.Tensor {
	return tensor.Of(append(make([]T, 0, len(codes)), codes...), t.Shape()...)
}
