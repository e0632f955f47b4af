package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// maxElements limits a result, and maxAttr each attribute, so that sizes from hostile or
// mistyped files neither overflow nor exhaust memory.
const (
	maxElements = 1<<31 - 1
	maxAttr     = 1 << 20
)

// arity checks the number of inputs.
func arity(in []graph.Fact, lo, hi int) error {
	if len(in) < lo || len(in) > hi {
		if lo == hi {
			return fmt.Errorf("takes %d inputs, got %d", lo, len(in))
		}
		return fmt.Errorf("takes %d to %d inputs, got %d", lo, hi, len(in))
	}
	return checkInputs(in)
}

// checkInputs refuses shapes that no tensor has.
func checkInputs(in []graph.Fact) error {
	for i, t := range in {
		if _, err := checked(t.Shape); err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
	}
	return nil
}

// like returns the type of a result that has shape and else the type of x.
func like(x graph.Fact, shape tensor.Shape) ([]graph.Type, error) {
	return typed(graph.Type{DType: x.DType, Shape: shape, Q: x.Q})
}

// float returns the type of a float32 result.
func float(shape tensor.Shape) ([]graph.Type, error) {
	return typed(graph.Type{DType: f32, Shape: shape})
}

// typed returns the types of results, when tensors of them can be allocated.
func typed(types ...graph.Type) ([]graph.Type, error) {
	for _, t := range types {
		if _, err := checked(t.Shape); err != nil {
			return nil, err
		}
	}
	return types, nil
}

// checked returns shape when a tensor of it can be allocated.
func checked(shape tensor.Shape) (tensor.Shape, error) {
	n, err := shape.CheckedNumel()
	if err != nil {
		return nil, err
	}
	if n > maxElements {
		return nil, fmt.Errorf("shape %v has %d elements, more than the limit of %d", shape, n, maxElements)
	}
	for _, d := range shape { // an empty tensor may still have a huge extent
		if d > maxElements {
			return nil, fmt.Errorf("extent %d in shape %v exceeds the limit of %d", d, shape, maxElements)
		}
	}
	return shape, nil
}

// images checks that t is a batch of images.
func images(t graph.Fact) error {
	if len(t.Shape) != 4 {
		return fmt.Errorf("input has shape %v; expected [N, C, H, W]", t.Shape)
	}
	return nil
}

// attrRange checks both halves of a pair attribute.
func attrRange(name string, v [2]int, lo int) error {
	for _, x := range v {
		if x < lo || x > maxAttr {
			return fmt.Errorf("%s is %v; each must be from %d to %d", name, v, lo, maxAttr)
		}
	}
	return nil
}

// checkActivation refuses values outside the enumeration.
func checkActivation(a quant.Activation) error {
	_, err := a.MarshalText()
	return err
}

// window describes how a kernel slides over one axis of an image.
type window struct {
	kernel, stride, dilation int
	padding, after           int // in front of the axis and behind it
	ceil                     bool
}

// extent is the number of elements that the kernel spans, with the gaps of dilation.
func (w window) extent() int { return w.dilation*(w.kernel-1) + 1 }

// positions returns the number of positions of the window on an axis of in elements. With ceil
// a last, partial window counts if it starts inside the input or the padding in front of it.
func (w window) positions(axis string, in int) (int, error) {
	padded := in + w.padding + w.after
	room := padded - w.extent()
	if w.ceil {
		room += w.stride - 1
	}
	if room < 0 {
		return 0, fmt.Errorf("%s: the kernel covers %d cells (size %d, dilation %d), the padded input has %d (%d + %d + %d); the input is too small",
			axis, w.extent(), w.kernel, w.dilation, padded, w.padding, in, w.after)
	}
	out := room/w.stride + 1
	if w.ceil && (out-1)*w.stride >= in+w.padding {
		out--
	}
	if out < 1 {
		return 0, fmt.Errorf("%s: no window starts inside the input of %d cells (padding %d, stride %d)", axis, in, w.padding, w.stride)
	}
	return out, nil
}

// axisOf resolves a possibly negative axis of a tensor of the given rank.
func axisOf(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d is outside a tensor of %d axes", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}
