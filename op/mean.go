package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Mean averages over Axes, negative or not, in any order; without Axes over all there are. On
// codes it keeps scale and zero point unless it is Rescaled, and Axes must name exactly the last two of four axes.
// (PyTorch's qnnpack engine takes its own rule only for axes spelled [2, 3]; here the spelling
// does not matter.)
//
// Input: x, any shape. Result: the shape of x without Axes, or with 1 in their place.
type Mean struct {
	Axes    []int `json:"axes"`
	KeepDim bool  `json:"keepdim,omitempty"` // Axes stay, with extents of 1

	Rescaled bool `json:"rescaled,omitempty"` // codes have parameters of their own, by ONNX Runtime's rule

	// Contiguous says that PyTorch has the image channel after channel, not channels last: where codes
	// are averaged as numbers it adds them in another order.
	Contiguous bool `json:"contiguous,omitempty"`
}

// Kind is "mean".
func (Mean) Kind() string { return "mean" }

// Signatures: float and, where Axes may be height and width, codes, which keep their parameters
// or, if Rescaled, have their own.
func (m Mean) Signatures() []graph.Signature {
	if !m.OverImage() {
		return each(1, f32)
	}
	return averages(m.Rescaled)
}

// Rescale returns the operator with Rescaled set.
func (m Mean) Rescale() graph.Op {
	m.Rescaled = true
	return m
}

// Infer returns the shape of x without Axes.
func (m Mean) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if in[0].DType.IsQuantized() && (len(x) != 4 || !m.OverImage()) {
		return nil, fmt.Errorf("mean over axes %v of codes %v; only the mean over height and width, [2 3], of four axes is supported: keep the node in float", m.Axes, x)
	}
	shape, err := reduced(x, m.Axes, m.KeepDim)
	if err != nil {
		return nil, err
	}
	if x.Numel() == 0 && shape.Numel() > 0 {
		return nil, fmt.Errorf("input %v has no cells to average", x)
	}
	return like(in[0], shape)
}

// OverImage reports whether Axes are height and width, of four axes.
func (m Mean) OverImage() bool {
	var seen [4]bool
	for _, a := range m.Axes {
		a, err := axisOf(a, 4)
		if err != nil || seen[a] {
			return false
		}
		seen[a] = true
	}
	return seen == [4]bool{false, false, true, true}
}

// Eval averages. In float the sum is taken in float64. On codes qnnpack and ONNX Runtime
// have an integer rule (quant.NewMeanAverage); the other presets dequantize, take the mean
// in float32 in PyTorch's order, and quantize.
func (m Mean) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	x := in[0].Shape()
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		err := reducing(x, m.Axes, func(i int, elements []int) {
			var sum float64
			for _, e := range elements {
				sum += float64(in[0].Float32s()[e])
			}
			y.Float32s()[i] = float32(sum) / float32(len(elements))
		})
		return []*tensor.Tensor{y}, err
	}
	n := x[2] * x[3]
	if err := needAverages(ctx, in[0], out); err != nil {
		return nil, err
	}
	if rule, ok := quant.NewMeanAverage(ctx.Numerics, in[0].QParams(), out.Q, out.DType); ok {
		return []*tensor.Tensor{averageCodes(rule, in[0], n, out)}, nil
	}
	rule := quant.NewDequantizer(in[0].QParams())
	p := quant.Plane{Step: 1, Pixels: n, Reals: rule.Table(in[0].DType() == i8), Channels: x[1]}
	means := make([]float32, x[0]*x[1])
	for i := range means {
		p.Codes = in[0].Bytes()[i*n : (i+1)*n]
		if m.Contiguous {
			means[i] = p.SumPixels(0)
		} else {
			p.Sum(means[i:i+1], i%x[1])
		}
		means[i] /= float32(n)
	}
	return []*tensor.Tensor{quantized(means, out, quant.NewQuantizer(out.Q, out.DType))}, nil
}

// averageCodes averages each n codes.
func averageCodes(rule *quant.Average, x *tensor.Tensor, n int, out graph.Type) *tensor.Tensor {
	mult := rule.Multiplier(n)
	src, codes := codesOf(x), make([]int32, out.Shape.Numel())
	for i := range codes {
		var sum int32
		for _, v := range src[i*n : (i+1)*n] {
			sum += v
		}
		codes[i] = rule.Code(sum, n, mult)
	}
	return ofCodes(codes, out)
}

// Gradient divides up evenly among the averaged elements.
func (m Mean) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(m, in, up); err != nil {
		return nil, err
	}
	g := make([]float64, in[0].Numel())
	err := reducing(in[0].Shape(), m.Axes, func(i int, elements []int) {
		for _, e := range elements {
			g[e] = float64(up.Float32s()[i]) / float64(len(elements))
		}
	})
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, err
}
