package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// newResult returns a tensor of type t whose elements are still zero.
func newResult(t graph.Type) *tensor.Tensor {
	if t.Q != nil {
		return tensor.NewQuantized(t.DType, t.Q, t.Shape...)
	}
	return tensor.New(t.DType, t.Shape...)
}

// moved returns the tensor whose element i is element from(i) of x.
func moved(x *tensor.Tensor, out graph.Type, from func(i int) int) *tensor.Tensor {
	y := newResult(out)
	dst, src, size := y.Memory(), x.Memory(), out.DType.Size()
	for i := range out.Shape.Numel() {
		copy(dst[i*size:][:size], src[from(i)*size:])
	}
	return y
}

// strided returns the function from the index of an element in a row-major result of shape to,
// to the index in x, whose axes have the given strides, from base on.
func strided(to tensor.Shape, strides []int, base int) func(i int) int {
	return func(i int) int {
		at := base
		for axis := len(to) - 1; axis >= 0; axis-- {
			at += i % to[axis] * strides[axis]
			i /= to[axis]
		}
		return at
	}
}

// ownStrides are the strides of a row-major value.
func ownStrides(s tensor.Shape) []int {
	strides, size := make([]int, len(s)), 1
	for axis := len(s) - 1; axis >= 0; axis-- {
		strides[axis] = size
		size *= s[axis]
	}
	return strides
}

// axesOf resolves axes of a tensor of the given rank, no two of them the same.
func axesOf(axes []int, rank int) (map[int]bool, error) {
	chosen := map[int]bool{}
	for _, a := range axes {
		axis, err := axisOf(a, rank)
		if err != nil {
			return nil, err
		}
		if chosen[axis] {
			return nil, fmt.Errorf("axis %d is named twice in %v", axis, axes)
		}
		chosen[axis] = true
	}
	return chosen, nil
}
