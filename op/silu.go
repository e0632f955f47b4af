package op

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// SiLU is torch.nn.functional.silu: x * sigmoid(x). PyTorch has no rule for codes; here
// they are dequantized and the result is quantized.
//
// Input: x, any shape. Result: the shape of x.
type SiLU struct{}

// Kind is "silu".
func (SiLU) Kind() string { return "silu" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (SiLU) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (SiLU) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real is quant.SiLU.
func (SiLU) Real(x float32) float32 { return quant.SiLU(x) }

// Rule is that of quant.NewFunction.
func (o SiLU) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Eval applies Real, or Rule on codes.
func (o SiLU) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by s*(1 + x*(1-s)), s being sigmoid(x).
func (o SiLU) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		s := 1 / (1 + math.Exp(-x))
		return s * (1 + x*(1-s))
	})
}
