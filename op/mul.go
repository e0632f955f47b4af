package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Mul multiplies two tensors element by element, which broadcast, then applies Act.
//
// Inputs: a, b. Result: the shape that both broadcast to.
type Mul struct {
	Act quant.Activation `json:"act,omitempty"` // clamp of the result
}

// Kind is "mul".
func (Mul) Kind() string { return "mul" }

// Clamp is Act.
func (o Mul) Clamp() quant.Activation { return o.Act }

// WithClamp returns the operator with another Act.
func (o Mul) WithClamp(a quant.Activation) graph.Op {
	o.Act = a
	return o
}

// Real is a * b.
func (Mul) Real(a, b float32) float32 { return a * b }

// Signatures: float, quint8, qint8, whose result has parameters of its own, and int64.
func (Mul) Signatures() []graph.Signature { return each(2, f32, u8, i8, i64) }

// Infer returns the shape that both broadcast to.
func (o Mul) Infer(in []graph.Fact) ([]graph.Type, error) { return inferBinary(o, in) }

// Eval multiplies: f32(a * b) in float, quant.Mul on codes.
func (o Mul) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if !out[0].DType.IsQuantized() {
		return evalBinary(o, in, out[0], func(a, b int64) (int64, error) { return a * b, nil })
	}
	if err := needIntegerRules(ctx, append(typesOf(in), out[0])...); err != nil {
		return nil, err
	}
	rule := quant.NewMul(ctx.Numerics, in[0].QParams(), in[1].QParams(), out[0].Q, out[0].DType, o.Act)
	return evalBinaryCodes(in, out[0], rule.Code), nil
}

// Gradient is that of both factors.
func (o Mul) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return binaryGradient(o, in, up, func(a, b float64) (float64, float64) { return b, a })
}
