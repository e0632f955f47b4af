package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Add adds two tensors of equal shape, then applies Act. It does not broadcast:
// PyTorch's qnnpack rule holds for equal shapes only.
//
// Inputs: a, b. Result: their shape.
type Add struct {
	Act quant.Activation `json:"act,omitempty"`
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

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (Add) Signatures() []graph.Signature { return each(2, f32, u8, i8) }

// Infer returns the common shape.
func (o Add) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	if err := checkActivation(o.Act); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	if !a.Equal(b) {
		return nil, fmt.Errorf("shapes %v and %v differ; add does not broadcast", a, b)
	}
	return like(in[0], a.Clone())
}

// Eval adds: f32(a + b) in float, quant.Add on codes.
func (o Add) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		b := in[1].Float32s()
		for i, a := range in[0].Float32s() {
			y.Float32s()[i] = o.Act.Float(a + b[i])
		}
		return []*tensor.Tensor{y}, nil
	}
	if err := needIntegerRules(ctx, append(typesOf(in), out)...); err != nil {
		return nil, err
	}
	rule := quant.NewAdd(ctx.Numerics, in[0].QParams(), in[1].QParams(), out.Q, out.DType, o.Act)
	codes, b := codesOf(in[0]), codesOf(in[1])
	for i, a := range codes {
		codes[i] = rule.Code(a, b[i])
	}
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// Gradient is that of both summands.
func (o Add) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	sum := make([]float32, up.Numel())
	for i, a := range in[0].Float32s() {
		sum[i] = a + in[1].Float32s()[i]
	}
	g := rounded(behind(o.Act, sum, up), up.Shape())
	return []*tensor.Tensor{g, g}, nil
}
