package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Sigmoid is torch.sigmoid: 1 / (1 + exp(-x)). On codes the
// result has the parameters of quant.UnitInterval.
//
// Input: x, any shape. Result: the shape of x.
type Sigmoid struct{}

// Kind is "sigmoid".
func (Sigmoid) Kind() string { return "sigmoid" }

// Signatures: float, quint8, qint8; the parameters of the result are fixed.
func (Sigmoid) Signatures() []graph.Signature { return toUnitInterval() }

// Infer returns the shape of x.
func (Sigmoid) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real is quant.Sigmoid.
func (Sigmoid) Real(x float32) float32 { return quant.Sigmoid(x) }

// Rule is that of quant.NewSigmoid.
func (Sigmoid) Rule(n quant.Numerics, in, _ *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewSigmoid(n, in, d).Code
}

// Eval applies Real, or Rule on codes.
func (o Sigmoid) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by y*(1-y), y being the result.
func (o Sigmoid) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		y := float64(quant.Sigmoid(float32(x)))
		return float64(y * (1 - y))
	})
}
