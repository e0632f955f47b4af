package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// MaxPool2D is torch.nn.functional.max_pool2d. Padding is never the maximum; on codes it keeps
// scale and zero point, by the same rule under every preset. (PyTorch's qnnpack engine repeats
// the border where it should pad, which shows in dilated windows; octet pads.) Stride has to be
// given: PyTorch's default is the kernel.
//
// Input: x [N, C, H, W]. Result: [N, C, OH, OW].
type MaxPool2D struct {
	Kernel   [2]int  `json:"kernel"`              // height and width of the window
	Stride   [2]int  `json:"stride"`              // rows and columns from one window to the next
	Padding  [2]int  `json:"padding"`             // rows above and below, columns on either side; padding is never the largest
	Uneven   [2]int  `json:"uneven,omitzero"`     // so many more rows are below, columns on the right
	Auto     AutoPad `json:"auto_pad,omitempty"`  // chooses both by the size of the image
	Dilation [2]int  `json:"dilation"`            // distance of the taps; 1 has no gaps
	CeilMode bool    `json:"ceil_mode,omitempty"` // sizes are rounded up: a last window may end outside
}

// Kind is "max_pool2d".
func (MaxPool2D) Kind() string { return "max_pool2d" }

// Signatures: float, and codes that keep their parameters.
func (MaxPool2D) Signatures() []graph.Signature { return keeping(each(1, f32, u8, i8)) }

// Infer returns [N, C, OH, OW].
func (p MaxPool2D) Infer(in []graph.Fact) ([]graph.Type, error) {
	return inferPool(in, p.Sliding(), p.CeilMode)
}

// Sliding is how the window moves over images.
func (p MaxPool2D) Sliding() Sliding {
	return Sliding{Kernel: p.Kernel, Stride: p.Stride, Padding: p.Padding, Uneven: p.Uneven, Dilation: p.Dilation, Auto: p.Auto}
}

// inferPool is Infer of the pools with windows.
func inferPool(in []graph.Fact, s Sliding, ceil bool) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if err := attrRange("kernel", s.Kernel, 1); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	x := in[0].Shape
	s = s.For(x)
	for i := range 2 {
		// Wider padding would leave windows without any input element.
		if w := s.window(i); max(w.padding, w.after) > (w.extent()+1)/2 || s.Uneven == [2]int{} && w.padding > w.extent()/2 {
			return nil, fmt.Errorf("padding %v exceeds half of the kernel %v", s.Padding, s.Kernel)
		}
	}
	oh, ow, err := s.positions(x, ceil)
	if err != nil {
		return nil, err
	}
	return like(in[0], tensor.Shape{x[0], x[1], oh, ow})
}

// Eval takes the largest element, or code, under each window.
func (p MaxPool2D) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	w := windowsOf(p.Sliding(), in[0].Shape(), out.Shape)
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		maxPool(y.Float32s(), in[0].Float32s(), w, float32(math.Inf(-1)))
		return []*tensor.Tensor{y}, nil
	}
	lo, _ := out.DType.CodeRange()
	codes := make([]int32, out.Shape.Numel())
	maxPool(codes, codesOf(in[0]), w, int32(lo))
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// maxPool fills dst; lowest is the value of padding. NaN is the maximum of all.
func maxPool[T int32 | float32](dst, src []T, w windows, lowest T) {
	w.each(func(i, _ int, cells []int) {
		best := lowest
		for _, at := range cells {
			if v := src[at]; v > best || v != v {
				best = v
			}
		}
		dst[i] = best
	})
}

// Gradient goes to the largest element under each window, the first of equal
// ones.
func (p MaxPool2D) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(p, in, up); err != nil {
		return nil, err
	}
	x, g := in[0].Float32s(), make([]float64, in[0].Numel())
	windowsOf(p.Sliding(), in[0].Shape(), up.Shape()).each(func(i, _ int, cells []int) {
		best := cells[0]
		for _, at := range cells[1:] {
			if v := x[at]; v > x[best] || v != v {
				best = at
			}
		}
		g[best] += float64(up.Float32s()[i])
	})
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, nil
}
