package op

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// GELU is torch.nn.functional.gelu: x times the normal distribution function of x. PyTorch has
// no rule for codes; here they are dequantized and the result is quantized.
//
// Input: x, any shape. Result: the shape of x.
type GELU struct {
	// Tanh chooses the approximation that PyTorch calls approximate="tanh".
	Tanh bool `json:"tanh,omitempty"`
}

// Kind is "gelu" or "gelu_tanh".
func (o GELU) Kind() string {
	if o.Tanh {
		return "gelu_tanh"
	}
	return "gelu"
}

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (GELU) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (GELU) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real is quant.GELU, or quant.GELUTanh.
func (o GELU) Real(x float32) float32 {
	if o.Tanh {
		return quant.GELUTanh(x)
	}
	return quant.GELU(x)
}

// Rule is that of quant.NewFunction.
func (o GELU) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Eval applies Real, or Rule on codes.
func (o GELU) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by the derivative of x*P(x), P being the distribution function or its
// approximation.
func (o GELU) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		if !o.Tanh {
			return math.Erfc(-x/math.Sqrt2)/2 + x*math.Exp(-x*x/2)/(math.Sqrt2*math.SqrtPi)
		}
		const k, c = math.Sqrt2 / math.SqrtPi, 0.044715
		t := math.Tanh(k * (x + c*x*x*x))
		return (1+t)/2 + x/2*(1-t*t)*k*(1+3*c*x*x)
	})
}
