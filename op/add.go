package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Add adds two tensors, which broadcast, then applies Act.
//
// Inputs: a, b. Result: the shape that both broadcast to.
type Add struct {
	Act quant.Activation `json:"act,omitempty"` // clamp of the result
}

// Kind is "add".
func (Add) Kind() string { return "add" }

// Clamp is Act.
func (o Add) Clamp() quant.Activation { return o.Act }

// WithClamp returns the operator with another Act.
func (o Add) WithClamp(a quant.Activation) graph.Op {
	o.Act = a
	return o
}

// Real is a + b.
func (Add) Real(a, b float32) float32 { return a + b }

// Signatures: float, quint8, qint8, whose result has parameters of its own, and int64.
func (Add) Signatures() []graph.Signature { return each(2, f32, u8, i8, i64) }

// Infer returns the shape that both broadcast to.
func (o Add) Infer(in []graph.Fact) ([]graph.Type, error) { return inferBinary(o, in) }

// Eval adds: f32(a + b) in float, quant.Add on codes.
func (o Add) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if !out[0].DType.IsQuantized() {
		return evalBinary(o, in, out[0], func(a, b int64) (int64, error) { return a + b, nil })
	}
	if err := needIntegerRules(ctx, append(typesOf(in), out[0])...); err != nil {
		return nil, err
	}
	n := ruleOf(ctx.Numerics, in[0].Shape(), in[1].Shape())
	a, b := in[0].QParams(), in[1].QParams()
	if Exchanged(n, in[0].Shape(), in[1].Shape(), out[0].Shape) {
		rule := quant.NewAdd(n, b, a, out[0].Q, out[0].DType, o.Act)
		return evalBinaryCodes(in, out[0], func(a, b int32) int32 { return rule.Code(b, a) }), nil
	}
	return evalBinaryCodes(in, out[0], quant.NewAdd(n, a, b, out[0].Q, out[0].DType, o.Act).Code), nil
}

// Gradient is that of both summands.
func (o Add) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return binaryGradient(o, in, up, func(_, _ float64) (float64, float64) { return 1, 1 })
}
