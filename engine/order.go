package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// desc describes a planned value, as a memory descriptor does: its type, with the
// shape, and the order of its axes in memory. Values are dense.
type desc struct {
	graph.Type
	order order
	known *tensor.Tensor // the data, where it does not depend on that of the inputs
}

// order lists the axes of a value from the outermost in memory to the innermost.
// Nil is row-major. Axes of one element may stand anywhere.
type order []int

// channelsLast is the order of images for convolutions: [N, C, H, W] is stored as
// [N, H, W, C]. It is row-major for values of up to two axes.
func channelsLast(rank int) order {
	if rank < 3 {
		return nil
	}
	o := order{0}
	for a := 2; a < rank; a++ {
		o = append(o, a)
	}
	return append(o, 1)
}

// usual is the order for operations on images: values of four axes are channels-last,
// others row-major.
func usual(s tensor.Shape) order {
	if len(s) == 4 {
		return channelsLast(4)
	}
	return nil
}

// bytes is o as a key of maps.
func (o order) bytes() []byte {
	b := make([]byte, len(o))
	for i, a := range o {
		b[i] = byte(a)
	}
	return b
}

// axes lists all axes, also where o is nil.
func (o order) axes(rank int) order {
	if o != nil {
		return o
	}
	return span(0, rank)
}

// of returns the extents of a value of shape s in the order of memory.
func (o order) of(s tensor.Shape) tensor.Shape {
	if o == nil {
		return s
	}
	stored := make(tensor.Shape, len(s))
	for i, a := range o {
		stored[i] = s[a]
	}
	return stored
}

// strides returns the stride, in elements, of each axis of a value of shape s.
func (o order) strides(s tensor.Shape) []int {
	strides, size := make([]int, len(s)), 1
	for _, a := range slices.Backward(o.axes(len(s))) {
		strides[a] = size
		size *= s[a]
	}
	return strides
}

// place is the position of an axis in memory, 0 for the outermost.
func (o order) place(axis int) int {
	if o == nil {
		return axis
	}
	return slices.Index(o, axis)
}

// longer lists the axes of s with more than one element, in the order of memory.
func (o order) longer(s tensor.Shape) order {
	return slices.DeleteFunc(slices.Clone(o.axes(len(s))), func(a int) bool { return s[a] == 1 })
}

// sameMemory reports whether both orders store a value of shape s identically.
func sameMemory(s tensor.Shape, a, b order) bool {
	return slices.Equal(a, b) || slices.Equal(a.longer(s), b.longer(s))
}

// permuted is the order of a value whose axis i was axis perm[i] of one in order o,
// in the same memory.
func (o order) permuted(perm []int) order {
	out := make(order, len(perm))
	for i, a := range o.axes(len(perm)) {
		out[i] = slices.Index(perm, a)
	}
	return out
}

// reshaped is the order of a value of shape to in the memory of one of shape from
// in order o, or false where its axes would have to move: every group of axes that
// become other ones, of the same product, has to be contiguous and row-major.
func (o order) reshaped(from, to tensor.Shape) (order, bool) {
	if from.Numel() == 0 || sameMemory(from, o, nil) {
		return nil, true
	}
	memory := o.longer(from)
	became := map[int]order{} // by the first longer axis of a group of from
	for i, j := 0, 0; i < len(from) && j < len(to); {
		i0, j0, a, b := i, j, from[i], to[j]
		for i, j = i+1, j+1; a != b; {
			if a < b {
				a *= from[i]
				i++
			} else {
				b *= to[j]
				j++
			}
		}
		group := slices.DeleteFunc(span(i0, i), func(x int) bool { return from[x] == 1 })
		if len(group) == 0 {
			continue
		}
		at := slices.Index(memory, group[0])
		if at+len(group) > len(memory) || !slices.Equal(memory[at:at+len(group)], group) {
			return nil, false
		}
		became[group[0]] = span(j0, j)
	}
	out := make(order, 0, len(to))
	for _, a := range memory {
		out = append(out, became[a]...)
	}
	for a := range to {
		if !slices.Contains(out, a) {
			out = append(out, a) // of one element
		}
	}
	return out, true
}

// span lists the axes from i to before j.
func span(i, j int) order {
	var o order
	for ; i < j; i++ {
		o = append(o, i)
	}
	return o
}
