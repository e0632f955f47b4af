package torch

import (
	"fmt"
	"math/bits"

	"github.com/octet-ml/octet/tensor"
)

// Tensor is a tensor of a checkpoint with what PyTorch knows about it beyond
// its elements.
type Tensor struct {
	// Data holds the elements in row-major order. It is nil for a tensor of a
	// Checkpoint's tree that no StateDict call has loaded.
	Data *tensor.Tensor

	// Strides are the element strides in the file: (27, 1, 9, 3) for a
	// channels-last [4, 3, 3, 3]. They describe the file, never Data. nil leaves the
	// layout to the writer: channels-last for quantized tensors of four axes (the
	// convolution weights of fbgemm and qnnpack), row-major for all others.
	Strides []int

	// Storage identifies the memory the tensor is a view of, nil for a tensor that
	// came from no file. Tensors with one Storage are written sharing one.
	Storage *Storage

	Parameter    bool // an nn.Parameter, not a plain tensor
	RequiresGrad bool // PyTorch trains it

	view *view
}

// NewTensor wraps t as a plain tensor with the writer's default layout.
func NewTensor(t *tensor.Tensor) *Tensor { return &Tensor{Data: t} }

// NewParameter wraps t as an nn.Parameter.
func NewParameter(t *tensor.Tensor, requiresGrad bool) *Tensor {
	return &Tensor{Data: t, Parameter: true, RequiresGrad: requiresGrad}
}

// DType returns the element type, also before the tensor is loaded.
func (t *Tensor) DType() tensor.DType {
	if t.Data != nil {
		return t.Data.DType()
	}
	return t.view.dtype
}

// Shape returns the extents, also before the tensor is loaded.
func (t *Tensor) Shape() tensor.Shape {
	if t.Data != nil {
		return t.Data.Shape()
	}
	return t.view.shape
}

// Offset returns the index of the first element in the Storage.
func (t *Tensor) Offset() int {
	if t.view == nil {
		return 0
	}
	return int(t.view.offset)
}

// ChannelsLast reports whether the elements of a tensor of four axes lie in the
// order 0, 2, 3, 1 in the file and not also in row-major order.
func (t *Tensor) ChannelsLast() bool {
	return len(t.Shape()) == 4 && t.Strides != nil &&
		sameOrder(t.Shape(), t.Strides, channelsLastStrides(t.Shape())) &&
		!sameOrder(t.Shape(), t.Strides, rowMajorStrides(t.Shape()))
}

// view is where the elements of a tensor lie in its storage.
type view struct {
	ref    storageRef
	dtype  tensor.DType
	shape  tensor.Shape
	stride []int
	offset int64 // in elements of dtype, from the start of the storage
	params *quantParams
}

// newView checks that every element lies within the storage.
func newView(ref storageRef, dtype tensor.DType, offset int64, shape tensor.Shape, stride []int) (*view, error) {
	if len(shape) != len(stride) {
		return nil, fmt.Errorf("%d sizes and %d strides", len(shape), len(stride))
	}
	numel, err := shape.CheckedNumel()
	if err != nil {
		return nil, err
	}
	unit := int64(dtype.Size())
	if int64(numel) > 1<<62/unit {
		return nil, fmt.Errorf("shape %v has more bytes than can be addressed", shape)
	}
	class := storageClasses[ref.class]
	if class.dtype != tensor.Invalid && class.dtype != dtype {
		return nil, fmt.Errorf("%v tensor over %s", dtype, ref.class)
	}
	room := ref.count * class.size / unit // elements of dtype
	if offset < 0 || offset > room {
		return nil, fmt.Errorf("offset %d outside storage %s of %d elements", offset, ref.Key, room)
	}
	last := uint64(offset) // address of the last element
	for i, n := range shape {
		if stride[i] < 0 {
			return nil, fmt.Errorf("negative stride %d", stride[i])
		}
		hi, span := bits.Mul64(uint64(max(n-1, 0)), uint64(stride[i]))
		var carry uint64
		last, carry = bits.Add64(last, span, 0)
		if hi != 0 || carry != 0 {
			return nil, fmt.Errorf("stride %d of axis %d with %d elements overflows", stride[i], i, n)
		}
	}
	if numel > 0 && last >= uint64(room) {
		return nil, fmt.Errorf("shape %v with strides %v at offset %d reaches element %d of storage %s, which has %d",
			shape, stride, offset, last, ref.Key, room)
	}
	first := ref.first * class.size
	if first%unit != 0 {
		return nil, fmt.Errorf("a view that starts within an element")
	}
	return &view{ref: ref, dtype: dtype, shape: shape, stride: stride, offset: offset + first/unit}, nil
}

// bytes is the size of the loaded tensor.
func (v *view) bytes() int64 { return int64(v.shape.Numel()) * int64(v.dtype.Size()) }

// geometry tells the views of one storage apart.
func (v *view) geometry() string { return fmt.Sprint(v.dtype, v.offset, v.shape, v.stride) }

// whole reports whether the view is all of its storage, in row-major order.
func (v *view) whole() bool {
	return v.offset == 0 && v.bytes() == v.ref.Bytes && sameOrder(v.shape, v.stride, rowMajorStrides(v.shape))
}

// rowMajorStrides are the strides of a contiguous tensor.
func rowMajorStrides(shape tensor.Shape) []int {
	s := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = step
		step *= max(shape[i], 1)
	}
	return s
}

// channelsLastStrides are those of torch.channels_last for four axes.
func channelsLastStrides(shape tensor.Shape) []int {
	c, h, w := max(shape[1], 1), max(shape[2], 1), max(shape[3], 1)
	return []int{h * w * c, 1, w * c, c}
}

// sameOrder reports whether both strides address every element alike: the
// stride of an axis with one element does not matter.
func sameOrder(shape tensor.Shape, a, b []int) bool {
	for i, n := range shape {
		if n > 1 && a[i] != b[i] {
			return false
		}
	}
	return true
}
