package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Mean averages over height and width: Axes must name exactly the last two of
// four axes, in any order, negative or not. On codes it keeps scale and zero
// point. (PyTorch's qnnpack engine takes its own rule only for axes spelled
// [2, 3]; here the spelling does not matter.)
//
// Input: x [N, C, H, W]. Result: [N, C], or [N, C, 1, 1] with KeepDim.
type Mean struct {
	Axes    []int `json:"axes"`
	KeepDim bool  `json:"keepdim,omitempty"`
}

// Kind is "mean".
func (Mean) Kind() string { return "mean" }

// Signatures: float, and codes that keep their parameters.
func (Mean) Signatures() []graph.Signature { return keeping(each(1, f32, u8, i8)) }

// Infer returns [N, C] or [N, C, 1, 1].
func (m Mean) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if !m.overImage() {
		return nil, fmt.Errorf("mean over axes %v; only the mean over height and width, [2 3], is supported", m.Axes)
	}
	x := in[0].Shape
	if x[2] == 0 || x[3] == 0 {
		return nil, fmt.Errorf("input %v has no cells to average", x)
	}
	if m.KeepDim {
		return like(in[0], tensor.Shape{x[0], x[1], 1, 1})
	}
	return like(in[0], tensor.Shape{x[0], x[1]})
}

// overImage reports whether Axes are height and width.
func (m Mean) overImage() bool {
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

// Eval averages each plane. In float the sum is taken in float64. On codes
// qnnpack has an integer rule (quant.Average); the other presets dequantize,
// take the mean in float32 in PyTorch's order, and quantize.
func (m Mean) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	x := in[0].Shape()
	n := x[2] * x[3]
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		for i := range y.Float32s() {
			var sum float64
			for _, v := range in[0].Float32s()[i*n : (i+1)*n] {
				sum += float64(v)
			}
			y.Float32s()[i] = float32(sum) / float32(n)
		}
		return []*tensor.Tensor{y}, nil
	}
	if err := needIntegerRules(ctx, out); err != nil {
		return nil, err
	}
	if ctx.Numerics == quant.QNNPACK && out.DType == u8 {
		return []*tensor.Tensor{m.average(in[0], n, out)}, nil
	}
	rule := quant.NewDequantizer(in[0].QParams())
	p := quant.Plane{Step: 1, Pixels: n, Reals: rule.Table(in[0].DType() == i8), Channels: x[1]}
	means := make([]float32, x[0]*x[1])
	for i := range means {
		p.Codes = in[0].Bytes()[i*n : (i+1)*n]
		p.Sum(means[i:i+1], i%x[1])
		means[i] /= float32(n)
	}
	return []*tensor.Tensor{quantized(means, out)}, nil
}

func (Mean) average(x *tensor.Tensor, n int, out graph.Type) *tensor.Tensor {
	rule := quant.NewAverage(quant.QNNPACK, out.Q, out.DType)
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

// Gradient is shared out evenly among the cells of each image.
func (m Mean) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(m, in, up); err != nil {
		return nil, err
	}
	g, n := make([]float64, in[0].Numel()), in[0].Dim(2)*in[0].Dim(3)
	for i := range g {
		g[i] = float64(up.Float32s()[i/n]) / float64(n)
	}
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, nil
}
