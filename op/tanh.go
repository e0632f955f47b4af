package op

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Tanh is torch.tanh. On codes, which PyTorch rounds by a rule of its own, the result is
// that of quant.NewFunction.
//
// Input: x, any shape. Result: the shape of x.
type Tanh struct{}

// Kind is "tanh".
func (Tanh) Kind() string { return "tanh" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (Tanh) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (Tanh) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real is quant.Tanh.
func (Tanh) Real(x float32) float32 { return quant.Tanh(x) }

// Rule is that of quant.NewFunction.
func (o Tanh) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Eval applies Real, or Rule on codes.
func (o Tanh) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by 1 - y*y, y being the result.
func (o Tanh) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		y := math.Tanh(x)
		return 1 - y*y
	})
}
