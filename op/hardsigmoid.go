package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Hardsigmoid is torch.nn.functional.hardsigmoid: min(max(x+3, 0), 6) / 6. On codes the
// result has the parameters of quant.UnitInterval.
//
// Input: x, any shape. Result: the shape of x.
type Hardsigmoid struct{}

// Kind is "hardsigmoid".
func (Hardsigmoid) Kind() string { return "hardsigmoid" }

// Signatures: float, quint8, qint8; the parameters of the result are fixed.
func (Hardsigmoid) Signatures() []graph.Signature { return toUnitInterval() }

// Infer returns the shape of x.
func (Hardsigmoid) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real is quant.Hardsigmoid.
func (Hardsigmoid) Real(x float32) float32 { return quant.Hardsigmoid(x) }

// Rule is that of quant.NewHardsigmoid.
func (Hardsigmoid) Rule(n quant.Numerics, in, _ *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewHardsigmoid(n, in, d).Code
}

// Eval applies Real, or Rule on codes.
func (o Hardsigmoid) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by 1/6 strictly between -3 and 3, by 0 elsewhere.
func (o Hardsigmoid) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		if x > -3 && x < 3 {
			return 1.0 / 6
		}
		return 0
	})
}
