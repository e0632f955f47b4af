package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Div divides the first tensor by the second, element by element; both
// broadcast. Then it applies Act. It has no rule for codes.
//
// Inputs: a, b. Result: the shape that both broadcast to.
type Div struct {
	Act quant.Activation `json:"act,omitempty"` // clamp of the result
}

// Kind is "div".
func (Div) Kind() string { return "div" }

// Clamp is Act.
func (o Div) Clamp() quant.Activation { return o.Act }

// WithClamp returns the operator with another Act.
func (o Div) WithClamp(a quant.Activation) graph.Op {
	o.Act = a
	return o
}

// Real is a / b.
func (Div) Real(a, b float32) float32 { return a / b }

// Signatures: float and int64.
func (Div) Signatures() []graph.Signature { return each(2, f32, i64) }

// Infer returns the shape that both broadcast to.
func (o Div) Infer(in []graph.Fact) ([]graph.Type, error) { return inferBinary(o, in) }

// Eval computes each element and rounds it once.
func (o Div) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalBinary(o, in, out[0], quotient)
}

// quotient divides whole numbers, towards zero, as ONNX does.
func quotient(a, b int64) (int64, error) {
	if b == 0 {
		return 0, fmt.Errorf("%d is divided by 0", a)
	}
	return a / b, nil
}

// Gradient is that of both operands.
func (o Div) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return binaryGradient(o, in, up, func(a, b float64) (float64, float64) { return 1 / b, -a / (b * b) })
}
