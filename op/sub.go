package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Sub subtracts the second tensor from the first, element by element; both
// broadcast. Then it applies Act. It has no rule for codes.
//
// Inputs: a, b. Result: the shape that both broadcast to.
type Sub struct {
	Act quant.Activation `json:"act,omitempty"` // clamp of the result
}

// Kind is "sub".
func (Sub) Kind() string { return "sub" }

// Clamp is Act.
func (o Sub) Clamp() quant.Activation { return o.Act }

// WithClamp returns the operator with another Act.
func (o Sub) WithClamp(a quant.Activation) graph.Op {
	o.Act = a
	return o
}

// Real is a - b.
func (Sub) Real(a, b float32) float32 { return a - b }

// Signatures: float and int64.
func (Sub) Signatures() []graph.Signature { return each(2, f32, i64) }

// Infer returns the shape that both broadcast to.
func (o Sub) Infer(in []graph.Fact) ([]graph.Type, error) { return inferBinary(o, in) }

// Eval computes each element and rounds it once.
func (o Sub) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalBinary(o, in, out[0], func(a, b int64) (int64, error) { return a - b, nil })
}

// Gradient is that of both operands.
func (o Sub) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return binaryGradient(o, in, up, func(_, _ float64) (float64, float64) { return 1, -1 })
}
