package engine

import (
	"fmt"
	"unsafe"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/arena"
	"github.com/octet-ml/octet/tensor"
)

// memory holds the elements of one value during a run.
type memory []byte

func view[T any](m memory) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(m))), len(m)/int(unsafe.Sizeof(zero)))
}

func (m memory) codes() []uint8   { return m }
func (m memory) reals() []float32 { return view[float32](m) }

// words views scratch memory as elements of another type.
func words[T any](w []uint64) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(w))), len(w)*8/int(unsafe.Sizeof(zero)))
}

func newTensor(t graph.Type) *tensor.Tensor {
	if t.Q != nil {
		return tensor.NewQuantized(t.DType, t.Q, t.Shape...)
	}
	return tensor.New(t.DType, t.Shape...)
}

// bytesOf is the memory that a value needs, rounded up to the alignment.
func bytesOf(t graph.Type) (int, error) {
	switch t.DType.Size() {
	case 1, 2, 4, 8:
		return arena.RoundUp(t.Shape.Numel() * t.DType.Size()), nil
	}
	return 0, fmt.Errorf("values of type %v are not supported", t.DType)
}

// elementsOf returns the memory of a tensor's elements, in row-major order.
func elementsOf(t *tensor.Tensor) memory { return t.Memory() }

// bytesIn returns the memory of a slice.
func bytesIn[T any](x []T) memory {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(zero)))
}
