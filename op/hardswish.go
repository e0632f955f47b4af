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

// Real is quant.Hardswish.
func (Hardswish) Real(x float32) float32 { return quant.Hardswish(x) }

// Rule is that of quant.NewHardswish.
func (Hardswish) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewHardswish(n, in, out, d).Code
}

// Eval applies Real, or Rule on codes.
func (o Hardswish) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
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
