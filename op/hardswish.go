package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Hardswish is torch.nn.functional.hardswish: x * min(max(x+3, 0), 6) / 6.
//
// Input: x, any shape. Result: the shape of x.
type Hardswish struct{}

// Kind is "hardswish".
func (Hardswish) Kind() string { return "hardswish" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (Hardswish) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (Hardswish) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Eval applies quant.Hardswish in float, quant.NewHardswish on codes.
func (Hardswish) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	return evalPointwise(ctx, in[0], out, quant.Hardswish, func() *quant.Pointwise {
		return quant.NewHardswish(ctx.Numerics, in[0].QParams(), out.Q, out.DType)
	})
}

// Gradient multiplies by 0 up to -3, by 1 from 3 on, and by x/3 + 1/2 in between.
func (o Hardswish) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		switch {
		case x <= -3:
			return 0
		case x < 3:
			return x/3 + 0.5
		}
		return 1
	})
}
