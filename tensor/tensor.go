package tensor

import (
	"fmt"
	"reflect"
	"unsafe"
)

// Element is the set of Go types that hold tensor elements. Float16 and
// BFloat16 are held as their bits in uint16, the float8 types in uint8, Bool as
// 0 or 1 in uint8; quantized types as the integer of their width.
type Element interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | complex64 | complex128
}

// Tensor is a dense, row-major array. Its type and shape never change; whoever
// holds the only reference may change the data.
type Tensor struct {
	dtype DType
	shape Shape
	q     *QParams
	data  any // a slice of the Element type of dtype, shape.Numel() long; nil while lazy has them
	lazy  *lazy
}

// New returns a tensor of zeros. Quantized types need NewQuantized.
func New(dtype DType, shape ...int) *Tensor {
	if dtype.IsQuantized() {
		panic("tensor: New of " + dtype.String() + " needs quantization parameters")
	}
	return &Tensor{dtype: dtype, shape: Shape(shape).Clone(), data: alloc(dtype, Shape(shape).Numel())}
}

// NewQuantized returns a tensor whose codes are all zero (which is not the
// real number zero unless the zero point is).
func NewQuantized(dtype DType, q *QParams, shape ...int) *Tensor {
	if !dtype.IsQuantized() || q == nil {
		panic("tensor: NewQuantized needs a quantized type and its parameters")
	}
	return &Tensor{dtype: dtype, shape: Shape(shape).Clone(), q: q, data: alloc(dtype, Shape(shape).Numel())}
}

// Of wraps data, without copying it, as a tensor of the plain dtype of T.
// It panics when the shape does not hold exactly len(data) elements.
func Of[T Element](data []T, shape ...int) *Tensor {
	return wrap(plainDType[T](), nil, data, shape)
}

// OfType is Of for the types that share a Go type with another: Float16,
// BFloat16, Bool and the float8 types.
func OfType[T Element](dtype DType, data []T, shape ...int) *Tensor {
	return wrap(dtype, nil, data, shape)
}

// OfQuantized wraps codes, without copying them, as a quantized tensor.
func OfQuantized[T uint8 | int8 | int32](codes []T, q *QParams, shape ...int) *Tensor {
	if q == nil {
		panic("tensor: OfQuantized without quantization parameters")
	}
	var zero T
	switch any(zero).(type) {
	case uint8:
		return wrap(QUInt8, q, codes, shape)
	case int8:
		return wrap(QInt8, q, codes, shape)
	default:
		return wrap(QInt32, q, codes, shape)
	}
}

func wrap[T Element](dtype DType, q *QParams, data []T, shape Shape) *Tensor {
	if n := shape.Numel(); n != len(data) {
		panic(fmt.Sprintf("tensor: %d elements do not fill shape %v", len(data), shape))
	}
	if want := fmt.Sprintf("%T", alloc(dtype, 0)); want != fmt.Sprintf("%T", data) {
		panic(fmt.Sprintf("tensor: %v is held in %s, not %T", dtype, want, data))
	}
	return &Tensor{dtype: dtype, shape: shape.Clone(), q: q, data: data}
}

// DType returns the element type.
func (t *Tensor) DType() DType { return t.dtype }

// Shape returns the extents. The caller must not change them.
func (t *Tensor) Shape() Shape { return t.shape }

// Dim returns the extent of axis i.
func (t *Tensor) Dim(i int) int { return t.shape[i] }

// Numel returns the number of elements.
func (t *Tensor) Numel() int { return t.shape.Numel() }

// QParams returns the quantization parameters; nil for a plain tensor.
// The caller must not change them.
func (t *Tensor) QParams() *QParams { return t.q }

// Data returns the elements of t, shared, in row-major order. It panics when T
// is not the Go type that holds t's dtype, or when elements that are not in memory
// yet cannot be read: see Load.
func Data[T Element](t *Tensor) []T {
	data := t.elements()
	d, ok := data.([]T)
	if !ok {
		panic(fmt.Sprintf("tensor: %v tensor is held in %T, not %T", t.dtype, data, d))
	}
	return d
}

// Float32s returns the shared elements of a Float32 tensor.
func (t *Tensor) Float32s() []float32 { return Data[float32](t) }

// Uint8s returns the shared elements of a UInt8, QUInt8 or Bool tensor.
func (t *Tensor) Uint8s() []uint8 { return Data[uint8](t) }

// Int8s returns the shared elements of an Int8 or QInt8 tensor.
func (t *Tensor) Int8s() []int8 { return Data[int8](t) }

// Int32s returns the shared elements of an Int32 or QInt32 tensor.
func (t *Tensor) Int32s() []int32 { return Data[int32](t) }

// Int64s returns the shared elements of an Int64 tensor.
func (t *Tensor) Int64s() []int64 { return Data[int64](t) }

// Reshape returns a tensor with the same data, type and per-tensor parameters
// and another shape. It panics when the number of elements differs, or when t
// is quantized per channel, where the axis would lose its meaning.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	if Shape(shape).Numel() != t.Numel() {
		panic(fmt.Sprintf("tensor: cannot reshape %v to %v", t.shape, Shape(shape)))
	}
	if t.q != nil && !t.q.IsPerTensor() {
		panic("tensor: cannot reshape a tensor quantized per channel")
	}
	return &Tensor{dtype: t.dtype, shape: Shape(shape).Clone(), q: t.q, data: t.elements()}
}

// Rows returns rows from to to-1 of the leading axis, whose elements it shares. It panics where
// t has no such rows, or is quantized per channel along that axis.
func (t *Tensor) Rows(from, to int) *Tensor {
	if len(t.shape) == 0 || from < 0 || from > to || to > t.shape[0] {
		panic(fmt.Sprintf("tensor: rows %d to %d of %v", from, to, t))
	}
	if t.q != nil && t.q.Axis == 0 {
		panic("tensor: rows of a tensor quantized along them")
	}
	shape := append(Shape{to - from}, t.shape[1:]...)
	size := Shape(shape[1:]).Numel()
	data := reflect.ValueOf(t.elements()).Slice(from*size, to*size).Interface()
	return &Tensor{dtype: t.dtype, shape: shape, q: t.q, data: data}
}

// JoinRows returns the rows of tensors of one type and shape but for the leading axis, one behind
// the other, in a tensor of its own. It panics where they differ, or there are none.
func JoinRows(parts ...*Tensor) *Tensor {
	first, rows := parts[0], 0
	for _, p := range parts {
		if p.dtype != first.dtype || len(p.shape) == 0 || !p.shape[1:].Equal(first.shape[1:]) || p.q != nil {
			panic(fmt.Sprintf("tensor: rows of %v beside %v", p, first))
		}
		rows += p.shape[0]
	}
	out := New(first.dtype, append(Shape{rows}, first.shape[1:]...)...)
	to := out.rawBytes()
	for _, p := range parts {
		to = to[copy(to, p.rawBytes()):]
	}
	return out
}

// Clone returns a copy that shares no data with t.
func (t *Tensor) Clone() *Tensor {
	c := &Tensor{dtype: t.dtype, shape: t.shape, q: t.q, data: alloc(t.dtype, t.Numel())}
	copy(c.rawBytes(), t.rawBytes())
	return c
}

// String describes type, shape and parameters, not the data.
func (t *Tensor) String() string {
	if t.q != nil {
		return fmt.Sprintf("%v%v (%v)", t.dtype, t.shape, t.q)
	}
	return fmt.Sprintf("%v%v", t.dtype, t.shape)
}

// alloc returns a zeroed slice of the Go type that holds dtype.
func alloc(dtype DType, n int) any {
	switch dtype {
	case Float32:
		return make([]float32, n)
	case Float64:
		return make([]float64, n)
	case Float16, BFloat16, UInt16:
		return make([]uint16, n)
	case Int8, QInt8, Int4, Int2:
		return make([]int8, n)
	case Int16:
		return make([]int16, n)
	case Int32, QInt32:
		return make([]int32, n)
	case Int64:
		return make([]int64, n)
	case UInt8, QUInt8, Bool, Float8E4M3, Float8E5M2, Float8E4M3FNUZ, Float8E5M2FNUZ, Float8E8M0, Float4E2M1, UInt4, UInt2:
		return make([]uint8, n)
	case UInt32:
		return make([]uint32, n)
	case UInt64:
		return make([]uint64, n)
	case Complex64:
		return make([]complex64, n)
	case Complex128:
		return make([]complex128, n)
	}
	panic("tensor: no storage for " + dtype.String())
}

func plainDType[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return UInt8
	case uint16:
		return UInt16
	case uint32:
		return UInt32
	case uint64:
		return UInt64
	case complex64:
		return Complex64
	default:
		return Complex128
	}
}

// rawBytes views the elements as the machine's bytes, without copying.
func (t *Tensor) rawBytes() []byte { return rawBytes(t.elements()) }

func rawBytes(data any) []byte {
	switch d := data.(type) {
	case []float32:
		return bytesOf(d)
	case []float64:
		return bytesOf(d)
	case []int8:
		return bytesOf(d)
	case []int16:
		return bytesOf(d)
	case []int32:
		return bytesOf(d)
	case []int64:
		return bytesOf(d)
	case []uint8:
		return d
	case []uint16:
		return bytesOf(d)
	case []uint32:
		return bytesOf(d)
	case []uint64:
		return bytesOf(d)
	case []complex64:
		return bytesOf(d)
	case []complex128:
		return bytesOf(d)
	}
	panic("tensor: unknown storage")
}

func bytesOf[T Element](d []T) []byte {
	if len(d) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&d[0])), len(d)*int(unsafe.Sizeof(d[0])))
}
