package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// CenterCropPad changes the extents of x along Axes (nil for all) to those in the second input,
// which must be known at shape inference: larger extents are cropped to the middle, smaller
// ones padded with zeros on both sides.
//
// Inputs: x, extents (int64). Result: x with these extents.
type CenterCropPad struct {
	Axes []int `json:"axes,omitempty"`
}

// Kind is "center_crop_pad".
func (CenterCropPad) Kind() string { return "center_crop_pad" }

// Signatures: any type that has a zero.
func (CenterCropPad) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, i64, tensor.Bool} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{d, i64}, Out: d})
	}
	return sigs
}

// Infer returns the shape.
func (o CenterCropPad) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	shape, err := o.shape(in)
	if err != nil {
		return nil, err
	}
	return like(in[0], shape)
}

func (o CenterCropPad) shape(in []graph.Fact) (tensor.Shape, error) {
	want, err := knownInts("the extents", in[1])
	if err != nil {
		return nil, err
	}
	shape, axes := in[0].Shape.Clone(), o.Axes
	if axes == nil {
		for i := range shape {
			axes = append(axes, i)
		}
	}
	if _, err := axesOf(axes, len(shape)); err != nil {
		return nil, err
	}
	if len(want) != len(axes) {
		return nil, fmt.Errorf("extents %v for %d axes of %v", want, len(axes), shape)
	}
	for i, a := range axes {
		a, _ = axisOf(a, len(shape))
		if want[i] < 0 {
			return nil, fmt.Errorf("extents %v; none may be negative", want)
		}
		shape[a] = want[i]
	}
	return shape, nil
}

// Places returns a function from index i along an axis of the result to the index in x, -1 for
// a zero.
func (o CenterCropPad) Places(in []graph.Fact) (func(axis, i int) int, error) {
	shape, err := o.shape(in)
	return func(axis, i int) int {
		n := in[0].Shape[axis]
		if cut := n - shape[axis]; cut >= 0 {
			return i + cut/2
		}
		if i -= (shape[axis] - n) / 2; i < 0 || i >= n {
			return -1
		}
		return i
	}, err
}

// Eval copies the elements.
func (o CenterCropPad) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	place, err := o.Places(graph.FactsOf(in...))
	if err != nil {
		return nil, err
	}
	y, own, strides := newResult(out[0]), ownStrides(in[0].Shape()), ownStrides(out[0].Shape)
	dst, src, size := y.Memory(), in[0].Memory(), out[0].DType.Size()
	for i := range y.Numel() {
		at := 0
		for a, s := range strides {
			p := place(a, i/s%out[0].Shape[a])
			if p < 0 {
				at = -1
				break
			}
			at += p * own[a]
		}
		if at >= 0 {
			copy(dst[i*size:][:size], src[at*size:])
		}
	}
	return []*tensor.Tensor{y}, nil
}
