package op

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// AutoPad chooses the padding by the size of the image, as ONNX's auto_pad: the smallest that
// gives a result of ceil(size/stride), equal on both sides.
type AutoPad string

// If the padding is odd, the extra row or column is behind the image (SameUpper), or in front
// of it (SameLower).
const (
	SameUpper AutoPad = "same_upper"
	SameLower AutoPad = "same_lower"
)

// Sliding is a window of Kernel elements that lie Dilation apart; it moves over images
// [N, C, H, W] in steps of Stride. Pairs are (height, width). Padding is the number of rows
// and columns added in front of the image; behind it there are Uneven more. With Auto both
// are ignored.
type Sliding struct {
	Kernel, Stride, Padding, Uneven, Dilation [2]int
	Auto                                      AutoPad
}

// For returns s for images of shape x, with the padding that Auto chooses.
func (s Sliding) For(x tensor.Shape) Sliding {
	if s.Auto == "" {
		return s
	}
	for i := range 2 {
		before, after := s.Auto.split(x[2+i], s.window(i).extent(), s.Stride[i])
		s.Padding[i], s.Uneven[i] = before, after-before
	}
	s.Auto = ""
	return s
}

// split returns the padding of an axis of n elements for windows that span extent elements.
func (a AutoPad) split(n, extent, stride int) (before, after int) {
	total := max(0, (ceilDiv(n, stride)-1)*stride+extent-n)
	if a == SameLower {
		return total - total/2, total / 2
	}
	return total / 2, total - total/2
}

// window describes s along an axis; Auto must have been resolved.
func (s Sliding) window(axis int) window {
	return window{kernel: s.Kernel[axis], stride: s.Stride[axis], padding: s.Padding[axis], after: s.Padding[axis] + s.Uneven[axis], dilation: s.Dilation[axis]}
}

// check refuses values that no operator accepts.
func (s Sliding) check() error {
	if err := attrRange("stride", s.Stride, 1); err != nil {
		return err
	}
	if err := attrRange("padding", s.Padding, 0); err != nil {
		return err
	}
	if err := attrRange("dilation", s.Dilation, 1); err != nil {
		return err
	}
	if s.Auto != "" && s.Auto != SameUpper && s.Auto != SameLower {
		return fmt.Errorf("auto padding %q; it is %q or %q", s.Auto, SameUpper, SameLower)
	}
	return attrRange("padding behind the image", [2]int{s.Padding[0] + s.Uneven[0], s.Padding[1] + s.Uneven[1]}, 0)
}

// positions returns the height and width of the result for x = [N, C, H, W].
func (s Sliding) positions(x tensor.Shape, ceil bool) (oh, ow int, err error) {
	s = s.For(x)
	var out [2]int
	for i, axis := range [2]string{"height", "width"} {
		w := s.window(i)
		w.ceil = ceil
		if out[i], err = w.positions(axis, x[2+i]); err != nil {
			return 0, 0, err
		}
	}
	return out[0], out[1], nil
}
