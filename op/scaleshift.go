package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// ScaleShift is x*Scale + Shift with one factor and one summand for all elements, each step
// rounded to float32: what exporters write as a multiplication by a constant and an addition
// of one. Being a function of one number, it is a table on codes.
//
// Input: x, any shape. Result: the shape of x.
type ScaleShift struct {
	Scale float32 `json:"scale"`
	Shift float32 `json:"shift"`
}

// Kind is "scale_shift".
func (ScaleShift) Kind() string { return "scale_shift" }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (ScaleShift) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (ScaleShift) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real is f32(x*Scale) + Shift.
func (o ScaleShift) Real(x float32) float32 { return float32(x*o.Scale) + o.Shift }

// Rule is that of quant.NewFunction.
func (o ScaleShift) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Eval applies Real, or Rule on codes.
func (o ScaleShift) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by Scale.
func (o ScaleShift) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(float64) float64 { return float64(o.Scale) })
}
