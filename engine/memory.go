package engine

import (
	"fmt"
	"unsafe"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/arena"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/tensor"
)

// memory holds the elements of one value during a run. Images are channels-last.
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

// load copies a row-major tensor into m.
func (m memory) load(t *tensor.Tensor) {
	switch t.DType() {
	case tensor.Float32:
		toChannelsLast(m.reals(), t.Float32s(), t.Shape())
	case tensor.QUInt8:
		toChannelsLast(m.codes(), t.Uint8s(), t.Shape())
	case tensor.QInt8:
		toChannelsLast(view[int8](m), t.Int8s(), t.Shape())
	default:
		panic("engine: activation of type " + t.DType().String())
	}
}

// store copies m into a row-major tensor.
func (m memory) store(t *tensor.Tensor) {
	switch t.DType() {
	case tensor.Float32:
		toRowMajor(t.Float32s(), m.reals(), t.Shape())
	case tensor.QUInt8:
		toRowMajor(t.Uint8s(), m.codes(), t.Shape())
	case tensor.QInt8:
		toRowMajor(t.Int8s(), view[int8](m), t.Shape())
	default:
		panic("engine: activation of type " + t.DType().String())
	}
}

// tensor returns a copy of m as a row-major tensor.
func (m memory) tensor(t graph.Type) *tensor.Tensor {
	out := newTensor(t)
	m.store(out)
	return out
}

func newTensor(t graph.Type) *tensor.Tensor {
	if t.Q != nil {
		return tensor.NewQuantized(t.DType, t.Q, t.Shape...)
	}
	return tensor.New(t.DType, t.Shape...)
}

// rowMajor reports whether a value of this shape lies in memory as in a tensor.
func rowMajor(s tensor.Shape) bool { return len(s) != 4 || s[1] == 1 || s[2]*s[3] == 1 }

func toChannelsLast[T any](dst, src []T, s tensor.Shape) {
	if rowMajor(s) {
		copy(dst, src)
		return
	}
	layout.Transpose(dst, src, s[0], s[1], s[2]*s[3])
}

func toRowMajor[T any](dst, src []T, s tensor.Shape) {
	if rowMajor(s) {
		copy(dst, src)
		return
	}
	layout.Transpose(dst, src, s[0], s[2]*s[3], s[1])
}

// bytesOf is the memory that a value needs, rounded up to the alignment.
func bytesOf(t graph.Type) (int, error) {
	switch t.DType {
	case tensor.Float32, tensor.QUInt8, tensor.QInt8:
	default:
		return 0, fmt.Errorf("activations of type %v are not supported", t.DType)
	}
	return arena.RoundUp(t.Shape.Numel() * t.DType.Size()), nil
}
