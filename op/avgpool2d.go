package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// AvgPool2D is torch.nn.functional.avg_pool2d. On codes it keeps scale and zero
// point unless it is Rescaled. CountIncludePad divides by the window's size with padding, but without
// what CeilMode adds beyond it; otherwise only input cells count. qnnpack's
// rule, which holds without CeilMode, always divides by the whole kernel.
//
// Input: x [N, C, H, W]. Result: [N, C, OH, OW].
type AvgPool2D struct {
	Kernel          [2]int  `json:"kernel"`              // height and width of the window
	Stride          [2]int  `json:"stride"`              // rows and columns from one window to the next
	Padding         [2]int  `json:"padding"`             // rows above and below, columns on either side, of zeros
	Uneven          [2]int  `json:"uneven,omitzero"`     // so many more rows are below, columns on the right
	Auto            AutoPad `json:"auto_pad,omitempty"`  // chooses both by the size of the image
	CeilMode        bool    `json:"ceil_mode,omitempty"` // sizes are rounded up: a last window may end outside
	CountIncludePad bool    `json:"count_include_pad"`   // the divisor counts padding
	Rescaled        bool    `json:"rescaled,omitempty"`  // codes have parameters of their own, by ONNX Runtime's rule
}

// Kind is "avg_pool2d".
func (AvgPool2D) Kind() string { return "avg_pool2d" }

// Signatures: float, and codes, which keep their parameters or, if Rescaled, have their own.
func (p AvgPool2D) Signatures() []graph.Signature { return averages(p.Rescaled) }

// Rescale returns the operator with Rescaled set.
func (p AvgPool2D) Rescale() graph.Op {
	p.Rescaled = true
	return p
}

// Infer returns [N, C, OH, OW].
func (p AvgPool2D) Infer(in []graph.Fact) ([]graph.Type, error) {
	return inferPool(in, p.Sliding(), p.CeilMode)
}

// Sliding is how the window moves over images.
func (p AvgPool2D) Sliding() Sliding {
	return Sliding{Kernel: p.Kernel, Stride: p.Stride, Padding: p.Padding, Uneven: p.Uneven, Dilation: [2]int{1, 1}, Auto: p.Auto}
}

// Eval averages: f32(sum)/divisor in float, with the sum in float64, and
// quant.Average on codes; under the preset onnx quant.RealAverage.
func (p AvgPool2D) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	w := windowsOf(p.Sliding(), in[0].Shape(), out.Shape)
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		src := in[0].Float32s()
		w.each(func(i, padded int, cells []int) {
			y.Float32s()[i] = sumOf(src, cells) / float32(p.divisor(padded, len(cells)))
		})
		return []*tensor.Tensor{y}, nil
	}
	if err := needAverages(ctx, in[0], out); err != nil {
		return nil, err
	}
	n := ctx.Numerics
	if n == quant.ONNX {
		return p.realAverages(in[0], out, w), nil
	}
	if p.CeilMode && n == quant.QNNPACK {
		n = quant.FBGEMM // qnnpack's own rule knows no ceil mode
	}
	rule := quant.NewAverage(n, out.Q, out.DType)
	whole := n == quant.QNNPACK && out.DType == u8
	src, codes := codesOf(in[0]), make([]int32, out.Shape.Numel())
	w.each(func(i, padded int, cells []int) {
		div := p.divisor(padded, len(cells))
		if whole {
			div = p.Kernel[0] * p.Kernel[1]
		}
		codes[i] = rule.Code(sumCodes(src, cells), len(cells), rule.Multiplier(div))
	})
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// realAverages averages codes by ONNX Runtime's rule, which divides by the whole window if the
// divisor counts padding.
func (p AvgPool2D) realAverages(x *tensor.Tensor, out graph.Type, w windows) []*tensor.Tensor {
	rule := quant.NewRealAverage(x.QParams(), out.Q, out.DType)
	src, codes := codesOf(x), make([]int32, out.Shape.Numel())
	w.each(func(i, _ int, cells []int) {
		var sum float32
		for _, at := range cells {
			sum += rule.Real(src[at])
		}
		codes[i] = rule.Code(sum, p.divisor(p.Kernel[0]*p.Kernel[1], len(cells)))
	})
	return []*tensor.Tensor{ofCodes(codes, out)}
}

// divisor is the number that the sum of a window is divided by.
func (p AvgPool2D) divisor(padded, valid int) int {
	if p.CountIncludePad {
		return padded
	}
	return valid
}

// sumOf adds the numbers at the given indices in float64 and rounds the sum.
func sumOf(src []float32, cells []int) float32 {
	var sum float64
	for _, at := range cells {
		sum += float64(src[at])
	}
	return float32(sum)
}

// sumCodes adds the codes at the given indices; the sum wraps.
func sumCodes(src []int32, cells []int) int32 {
	var sum int32
	for _, at := range cells {
		sum += src[at]
	}
	return sum
}

// Gradient divides up evenly among the elements of each window.
func (p AvgPool2D) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(p, in, up); err != nil {
		return nil, err
	}
	g := make([]float64, in[0].Numel())
	windowsOf(p.Sliding(), in[0].Shape(), up.Shape()).each(func(i, padded int, cells []int) {
		shareOut(g, cells, up.Float32s()[i], p.divisor(padded, len(cells)))
	})
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, nil
}

// shareOut adds up/divisor to the gradient of each element of a window.
func shareOut(g []float64, cells []int, up float32, divisor int) {
	share := float64(up) / float64(divisor)
	for _, at := range cells {
		g[at] += share
	}
}
