package op

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// ELU is torch.nn.functional.elu: x, and Alpha * (e^x - 1) below zero. Codes are dequantized
// and the result quantized, as in PyTorch.
//
// Input: x, any shape. Result: the shape of x.
type ELU struct {
	Alpha float32 `json:"alpha"` // 0 is the number 0; readers of files fill in 1
}

// Kind is "elu".
func (ELU) Kind() string { return "elu" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (ELU) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (ELU) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real is the function in float64, rounded once.
func (o ELU) Real(x float32) float32 {
	if x > 0 {
		return x
	}
	v := float64(x)
	less := quant.Exp64(v) - 1
	if v > -1e-5 {
		less = v * (1 + v/2) // the difference would cancel
	}
	return float32(float64(o.Alpha) * less)
}

// Rule is that of quant.NewFunction.
func (o ELU) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Eval applies Real, or Rule on codes.
func (o ELU) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by 1, or by Alpha * e^x up to zero.
func (o ELU) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		if x > 0 {
			return 1
		}
		return float64(o.Alpha) * math.Exp(x)
	})
}
