package ortcompat

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/octet-ml/octet/tensor"
)

// FloatData are the types of numbers with a fraction.
type FloatData interface{ ~float32 | ~float64 }

// IntData are the types of whole numbers.
type IntData interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64
}

// TensorData are the types of elements of a Tensor.
type TensorData interface{ FloatData | IntData | ~bool }

// Value is a tensor of any element type: a *Tensor, *Scalar or *CustomDataTensor.
type Value interface {
	DataType() TensorElementDataType // of the elements
	GetShape() Shape                 // the extents; nil once it is destroyed
	Destroy() error                  // ends the use of the value; an error the second time
	ZeroContents()                   // sets all elements to 0
	GetONNXType() ONNXType           // always ONNXTypeTensor

	held() (*tensor.Tensor, error) // nil once it is destroyed
}

// ArbitraryTensor is an older name of Value.
type ArbitraryTensor = Value

var errDestroyed = errors.New("the tensor was destroyed")

// base is what all values share: a tensor of octet over the caller's memory.
type base struct{ t *tensor.Tensor }

func (b *base) held() (*tensor.Tensor, error) {
	if b == nil || b.t == nil {
		return nil, errDestroyed
	}
	return b.t, nil
}

// DataType is the type of the elements.
func (b *base) DataType() TensorElementDataType {
	if b.t == nil {
		return TensorElementDataTypeUndefined
	}
	return typeOf(b.t.DType())
}

// GetShape returns the extents.
func (b *base) GetShape() Shape {
	if b.t == nil {
		return nil
	}
	return shapeOf(b.t.Shape())
}

// GetONNXType is ONNXTypeTensor.
func (b *base) GetONNXType() ONNXType { return ONNXTypeTensor }

// ZeroContents sets all elements to zero.
func (b *base) ZeroContents() {
	if b.t != nil {
		clear(b.t.Memory())
	}
}

// Destroy ends the use of the value. The second call is an error.
func (b *base) Destroy() error {
	if b.t == nil {
		return fmt.Errorf("ortcompat: %w before", errDestroyed)
	}
	b.t = nil
	return nil
}

// Tensor is a dense array over a slice.
type Tensor[T TensorData] struct {
	base
	data []T
}

// NewTensor makes a tensor of the first elements of data, whose memory it shares.
func NewTensor[T TensorData](s Shape, data []T) (*Tensor[T], error) {
	if err := check(); err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	n := s.FlattenedSize()
	if n > int64(len(data)) {
		return nil, fmt.Errorf("ortcompat: a shape of %v has %d elements; the slice holds %d", s, n, len(data))
	}
	data = data[:n:n]
	return &Tensor[T]{base{wrap(data, s.ints())}, data}, nil
}

// maxEmpty bounds the elements of a new tensor; a slice of the caller's may have more.
const maxEmpty = 1 << 34

// NewEmptyTensor makes a tensor of zeros.
func NewEmptyTensor[T TensorData](s Shape) (*Tensor[T], error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	n := s.FlattenedSize()
	if n > maxEmpty {
		return nil, fmt.Errorf("ortcompat: a tensor of %d elements, of shape %v, is too large", n, s)
	}
	return NewTensor(s, make([]T, n))
}

// GetData returns the elements; what is written there is in the tensor.
func (t *Tensor[T]) GetData() []T { return t.data }

// Clone copies the tensor with its elements.
func (t *Tensor[T]) Clone() (*Tensor[T], error) {
	if _, err := t.held(); err != nil {
		return nil, fmt.Errorf("ortcompat: %w", err)
	}
	return NewTensor(t.GetShape(), append([]T(nil), t.data...))
}

// Scalar is a single element, a tensor without extents.
type Scalar[T TensorData] struct {
	base
	data []T
}

// NewScalar makes a scalar.
func NewScalar[T TensorData](value T) (*Scalar[T], error) {
	if err := check(); err != nil {
		return nil, err
	}
	data := []T{value}
	return &Scalar[T]{base{wrap(data, nil)}, data}, nil
}

// NewEmptyScalar makes a scalar that is zero.
func NewEmptyScalar[T TensorData]() (*Scalar[T], error) {
	var zero T
	return NewScalar(zero)
}

// GetData returns the element.
func (s *Scalar[T]) GetData() T { return s.data[0] }

// Set changes the element.
func (s *Scalar[T]) Set(value T) { s.data[0] = value }

// CustomDataTensor is a tensor over bytes, of any element type: float16 and bfloat16 have no
// type in Go.
type CustomDataTensor struct{ base }

// NewCustomDataTensor makes a tensor of the first bytes of data, whose memory it shares where
// that is aligned; GetData returns the tensor's own.
func NewCustomDataTensor(s Shape, data []byte, dataType TensorElementDataType) (*CustomDataTensor, error) {
	if err := check(); err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	d, ok := types[dataType]
	if !ok {
		return nil, fmt.Errorf("ortcompat: tensors of %v are not computed with", dataType)
	}
	n := s.FlattenedSize()
	if n > int64(len(data)/d.Size()) {
		return nil, fmt.Errorf("ortcompat: %v%v takes %d elements of %d bytes; there are %d bytes", d, s, n, d.Size(), len(data))
	}
	t, err := tensor.FromBytes(d, nil, s.ints(), data[:n*int64(d.Size())])
	if err != nil {
		return nil, fmt.Errorf("ortcompat: %w", err)
	}
	return &CustomDataTensor{base{t}}, nil
}

// GetData returns the elements as they lie in memory; what is written there is in the tensor.
func (t *CustomDataTensor) GetData() []byte {
	if t.t == nil {
		return nil
	}
	return t.t.Memory()
}

// wrap is a tensor of octet over data.
func wrap[T TensorData](data []T, shape []int) *tensor.Tensor {
	switch reflect.TypeFor[T]().Kind() {
	case reflect.Float32:
		return tensor.Of(as[float32](data), shape...)
	case reflect.Float64:
		return tensor.Of(as[float64](data), shape...)
	case reflect.Int8:
		return tensor.Of(as[int8](data), shape...)
	case reflect.Int16:
		return tensor.Of(as[int16](data), shape...)
	case reflect.Int32:
		return tensor.Of(as[int32](data), shape...)
	case reflect.Int64:
		return tensor.Of(as[int64](data), shape...)
	case reflect.Uint8:
		return tensor.Of(as[uint8](data), shape...)
	case reflect.Uint16:
		return tensor.Of(as[uint16](data), shape...)
	case reflect.Uint32:
		return tensor.Of(as[uint32](data), shape...)
	case reflect.Uint64:
		return tensor.Of(as[uint64](data), shape...)
	}
	return tensor.OfType(tensor.Bool, as[uint8](data), shape...)
}

// as views a slice as one of a type with the same representation.
func as[To any, T TensorData](data []T) []To {
	return unsafe.Slice((*To)(unsafe.Pointer(unsafe.SliceData(data))), len(data))
}

// valueOf is the value of a tensor that was computed.
func valueOf(t *tensor.Tensor) (Value, error) {
	switch b := (base{t}); t.DType() {
	case tensor.Float32:
		return &Tensor[float32]{b, t.Float32s()}, nil
	case tensor.Float64:
		return &Tensor[float64]{b, tensor.Data[float64](t)}, nil
	case tensor.Int8:
		return &Tensor[int8]{b, t.Int8s()}, nil
	case tensor.Int16:
		return &Tensor[int16]{b, tensor.Data[int16](t)}, nil
	case tensor.Int32:
		return &Tensor[int32]{b, t.Int32s()}, nil
	case tensor.Int64:
		return &Tensor[int64]{b, t.Int64s()}, nil
	case tensor.UInt8:
		return &Tensor[uint8]{b, t.Uint8s()}, nil
	case tensor.UInt16:
		return &Tensor[uint16]{b, tensor.Data[uint16](t)}, nil
	case tensor.UInt32:
		return &Tensor[uint32]{b, tensor.Data[uint32](t)}, nil
	case tensor.UInt64:
		return &Tensor[uint64]{b, tensor.Data[uint64](t)}, nil
	case tensor.Bool:
		data := t.Memory()
		return &Tensor[bool]{b, unsafe.Slice((*bool)(unsafe.Pointer(unsafe.SliceData(data))), len(data))}, nil
	case tensor.Float16, tensor.BFloat16:
		return &CustomDataTensor{b}, nil
	}
	return nil, fmt.Errorf("a result of %v", t)
}
