package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// hostLittle says whether this machine stores numbers as files do.
var hostLittle = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// swapUnit is the width of the numbers whose bytes are ordered: a complex
// number is two.
func (d DType) swapUnit() int {
	switch d {
	case Complex64, Complex128:
		return d.Size() / 2
	default:
		return d.Size()
	}
}

// Memory returns the elements in row-major order as they lie in this machine's
// memory, which is t's own: what is written there changes t.
func (t *Tensor) Memory() []byte { return t.rawBytes() }

// Bytes returns the elements in row-major order and little-endian byte order,
// as every file format stores them. On little-endian machines it shares t's
// memory; the caller must not change it.
func (t *Tensor) Bytes() []byte {
	raw := t.rawBytes()
	if hostLittle || t.dtype.swapUnit() == 1 {
		return raw
	}
	out := slices.Clone(raw)
	swap(out, t.dtype.swapUnit())
	return out
}

// FromBytes copies little-endian row-major bytes into a new tensor. q must be
// given exactly for quantized types.
func FromBytes(dtype DType, q *QParams, shape Shape, b []byte) (*Tensor, error) {
	n, err := shape.CheckedNumel()
	if err != nil {
		return nil, err
	}
	if dtype.Size() == 0 || dtype.IsQuantized() != (q != nil) {
		return nil, fmt.Errorf("%v tensor with %v", dtype, q)
	}
	if len(b)/dtype.Size() != n || len(b)%dtype.Size() != 0 {
		return nil, fmt.Errorf("%d bytes do not fill %v%v", len(b), dtype, shape)
	}
	return Decode(dtype, q, shape, func(raw []byte) error {
		copy(raw, b)
		return nil
	})
}

// Float32View returns a tensor in the memory of b, which holds its elements, little-endian and
// row-major. It returns nil where they must be copied, since this machine orders bytes otherwise or
// b is not aligned to them, and where b does not fill shape.
func Float32View(shape Shape, b []byte) *Tensor {
	size := Float32.Size()
	n, err := shape.CheckedNumel()
	start := unsafe.Pointer(unsafe.SliceData(b))
	if err != nil || n == 0 || len(b)%size != 0 || len(b)/size != n || uintptr(start)%uintptr(size) != 0 || !hostLittle {
		return nil
	}
	return Of(unsafe.Slice((*float32)(start), n), shape...)
}

// Decode returns a new tensor whose elements fill writes, as little-endian
// row-major bytes, straight into the tensor's memory: a reader of files needs
// no copy in between. fill must not keep the slice. q must be given exactly for
// quantized types. The caller bounds the size of shape beforehand.
func Decode(dtype DType, q *QParams, shape Shape, fill func(raw []byte) error) (*Tensor, error) {
	n, err := shape.CheckedNumel()
	if err != nil {
		return nil, err
	}
	if dtype.Size() == 0 || dtype.IsQuantized() != (q != nil) {
		return nil, fmt.Errorf("%v tensor with %v", dtype, q)
	}
	t := &Tensor{dtype: dtype, shape: shape.Clone(), q: q, data: alloc(dtype, n)}
	if err := t.Refill(fill); err != nil {
		return nil, err
	}
	return t, nil
}

// Refill overwrites the elements of t as Decode does, for a caller who holds the
// only reference and wants no new memory. After an error they are undefined.
func (t *Tensor) Refill(fill func(raw []byte) error) error {
	raw := t.rawBytes()
	if err := fill(raw); err != nil {
		return err
	}
	if !hostLittle {
		swap(raw, t.dtype.swapUnit())
	}
	return nil
}

// swap reverses the bytes of each unit in place.
func swap(b []byte, unit int) {
	for i := 0; i+unit <= len(b); i += unit {
		slices.Reverse(b[i : i+unit])
	}
}

// ToFloat32 converts a floating point tensor to Float32. A Float32 tensor is
// returned as it is. Half, bfloat16 and smaller floats convert exactly; float64 rounds to
// nearest even.
func (t *Tensor) ToFloat32() (*Tensor, error) {
	if t.dtype == Float32 {
		return t, nil
	}
	out := make([]float32, t.Numel())
	switch t.dtype {
	case Float64:
		for i, v := range Data[float64](t) {
			out[i] = float32(v)
		}
	case Float16:
		for i, v := range Data[uint16](t) {
			out[i] = HalfToFloat32(v)
		}
	case BFloat16:
		for i, v := range Data[uint16](t) {
			out[i] = math.Float32frombits(uint32(v) << 16)
		}
	case Float8E4M3, Float8E5M2, Float8E4M3FNUZ, Float8E5M2FNUZ, Float8E8M0, Float4E2M1:
		numbers := &smallNumbers()[t.dtype]
		for i, v := range Data[uint8](t) {
			out[i] = numbers[v]
		}
	default:
		return nil, fmt.Errorf("cannot convert %v to float32", t)
	}
	return Of(out, t.shape...), nil
}

// HalfToFloat32 converts the bits of an IEEE binary16 number; exact.
func HalfToFloat32(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch {
	case exp == 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
	default: // zero or subnormal: frac units of 2^-24
		f := float32(frac) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(f))
	}
}

// Float32ToHalf returns the bits of the IEEE binary16 number nearest to x, of two equally
// near ones the even one; infinity from 65520 on.
func Float32ToHalf(x float32) uint16 {
	sign := uint16(math.Float32bits(x) >> 16 & 0x8000)
	a := math.Abs(float64(x))
	switch {
	case x != x:
		return sign | 0x7e00
	case a >= 65520: // half way behind the largest
		return sign | 0x7c00
	case a < 0x1p-14: // a multiple of the smallest
		return sign | uint16(math.RoundToEven(a*0x1p24))
	}
	fraction, exponent := math.Frexp(a) // in [0.5, 1)
	steps := uint16(math.RoundToEven(fraction * (1 << 11)))
	return sign | (uint16(exponent+14)<<10 + steps - 1<<10)
}
