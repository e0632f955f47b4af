package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// LeakyReLU is torch.nn.functional.leaky_relu: x, times Slope below zero. Codes are dequantized
// and the result quantized, as in PyTorch.
//
// Input: x, any shape. Result: the shape of x.
type LeakyReLU struct {
	Slope float32 `json:"slope"` // the factor of negative numbers
}

// Kind is "leaky_relu".
func (LeakyReLU) Kind() string { return "leaky_relu" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (LeakyReLU) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (LeakyReLU) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real is quant.LeakyReLU.
func (o LeakyReLU) Real(x float32) float32 { return quant.LeakyReLU(x, o.Slope) }

// Rule is that of quant.NewFunction.
func (o LeakyReLU) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Eval applies Real, or Rule on codes.
func (o LeakyReLU) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by 1, or by Slope up to zero.
func (o LeakyReLU) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		if x > 0 {
			return 1
		}
		return float64(o.Slope)
	})
}
