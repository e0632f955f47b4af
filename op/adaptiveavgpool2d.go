package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// AdaptiveAvgPool2D is torch.nn.functional.adaptive_avg_pool2d: output cell i
// of an axis averages the input cells floor(i*in/out) up to, not including,
// ceil((i+1)*in/out). On codes it keeps scale and zero point
// unless it is Rescaled.
//
// Input: x [N, C, H, W]. Result: [N, C, Output[0], Output[1]].
type AdaptiveAvgPool2D struct {
	Output [2]int `json:"output"` // rows and columns of the result

	Rescaled bool `json:"rescaled,omitempty"` // codes have parameters of their own, by ONNX Runtime's rule
}

// Kind is "adaptive_avg_pool2d".
func (AdaptiveAvgPool2D) Kind() string { return "adaptive_avg_pool2d" }

// Signatures: float, and codes, which keep their parameters or, if Rescaled, have their own.
func (p AdaptiveAvgPool2D) Signatures() []graph.Signature { return averages(p.Rescaled) }

// Rescale returns the operator with Rescaled set.
func (p AdaptiveAvgPool2D) Rescale() graph.Op {
	p.Rescaled = true
	return p
}

// Infer returns [N, C, Output[0], Output[1]].
func (p AdaptiveAvgPool2D) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if err := attrRange("output size", p.Output, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if x[2] == 0 || x[3] == 0 {
		return nil, fmt.Errorf("input %v has no cells to average", x)
	}
	return like(in[0], tensor.Shape{x[0], x[1], p.Output[0], p.Output[1]})
}

// Eval averages: f32(sum)/count in float, with the sum in float64, and
// quant.Average on codes.
func (p AdaptiveAvgPool2D) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	x := in[0].Shape()
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		p.each(x, func(i int, cells []int) {
			y.Float32s()[i] = sumOf(in[0].Float32s(), cells) / float32(len(cells))
		})
		return []*tensor.Tensor{y}, nil
	}
	if err := needAverages(ctx, in[0], out); err != nil {
		return nil, err
	}
	oh, ow := p.Output[0], p.Output[1]
	even := x[2]%oh == 0 && x[3]%ow == 0 && (x[2] != oh || x[3] != ow)
	rule := quant.NewAdaptiveAverage(ctx.Numerics, in[0].QParams(), out.Q, out.DType, even)
	src, codes := codesOf(in[0]), make([]int32, out.Shape.Numel())
	p.each(x, func(i int, cells []int) {
		codes[i] = rule.Code(sumCodes(src, cells), len(cells), rule.Multiplier(len(cells)))
	})
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// each calls visit for every element of the result, in order, with the indices of the input
// elements that it averages, row by row. cells is valid during the call.
func (p AdaptiveAvgPool2D) each(x tensor.Shape, visit func(i int, cells []int)) {
	h, w := x[2], x[3]
	oh, ow := p.Output[0], p.Output[1]
	var cells []int
	for plane := range x[0] * x[1] {
		for y := range oh {
			for z := range ow {
				cells = cells[:0]
				top, bottom := span(y, h, oh)
				left, right := span(z, w, ow)
				for cy := top; cy < bottom; cy++ {
					for cx := left; cx < right; cx++ {
						cells = append(cells, (plane*h+cy)*w+cx)
					}
				}
				visit((plane*oh+y)*ow+z, cells)
			}
		}
	}
}

// span returns the cells from start up to end that output cell i of n averages.
func span(i, in, n int) (start, end int) {
	return i * in / n, ((i+1)*in + n - 1) / n
}

// Gradient divides up evenly among the elements of each window.
func (p AdaptiveAvgPool2D) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(p, in, up); err != nil {
		return nil, err
	}
	g := make([]float64, in[0].Numel())
	p.each(in[0].Shape(), func(i int, cells []int) { shareOut(g, cells, up.Float32s()[i], len(cells)) })
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, nil
}
