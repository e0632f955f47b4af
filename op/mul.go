package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Mul multiplies two tensors element by element, then applies Act. The shapes
// are equal, or one operand, of either side, is [N, C, 1, 1] and holds a factor
// for each channel of an image of the other: squeeze and excitation.
//
// Inputs: a, b. Result: the larger shape.
type Mul struct {
	Act quant.Activation `json:"act,omitempty"`
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

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (Mul) Signatures() []graph.Signature { return each(2, f32, u8, i8) }

// Infer returns the larger shape.
func (o Mul) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	if err := checkActivation(o.Act); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	switch {
	case a.Equal(b), perChannelOf(b, a):
		return like(in[0], a.Clone())
	case perChannelOf(a, b):
		return like(in[0], b.Clone())
	}
	return nil, fmt.Errorf("shapes %v and %v: expected equal ones, or [N, C, 1, 1] with [N, C, H, W]", a, b)
}

// perChannelOf reports whether s is [N, C, 1, 1] for images of shape x.
func perChannelOf(s, x tensor.Shape) bool {
	return len(s) == 4 && len(x) == 4 && s[0] == x[0] && s[1] == x[1] && s[2] == 1 && s[3] == 1
}

// Eval multiplies: f32(a * b) in float, quant.Mul on codes.
func (o Mul) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	n := out.Shape.Numel()
	strideA, strideB := repeats(in[0], n), repeats(in[1], n)
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		a, b := in[0].Float32s(), in[1].Float32s()
		for i := range n {
			y.Float32s()[i] = o.Act.Float(a[i/strideA] * b[i/strideB])
		}
		return []*tensor.Tensor{y}, nil
	}
	if err := needIntegerRules(ctx, append(typesOf(in), out)...); err != nil {
		return nil, err
	}
	rule := quant.NewMul(in[0].QParams(), in[1].QParams(), out.Q, out.DType, o.Act)
	a, b := codesOf(in[0]), codesOf(in[1])
	codes := make([]int32, n)
	for i := range codes {
		codes[i] = rule.Code(a[i/strideA], b[i/strideB])
	}
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// repeats is how many consecutive elements of a result with n elements one
// element of t is a factor of: 1, or H*W for [N, C, 1, 1].
func repeats(t *tensor.Tensor, n int) int { return max(1, n/max(1, t.Numel())) }

// Gradient is that of both factors; that of a factor for each channel is summed
// over the image.
func (o Mul) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	n := up.Numel()
	strideA, strideB := repeats(in[0], n), repeats(in[1], n)
	a, b := float64s(in[0]), float64s(in[1])
	product := make([]float32, n)
	for i := range product {
		product[i] = float32(a[i/strideA] * b[i/strideB])
	}
	da, db := make([]float64, len(a)), make([]float64, len(b))
	for i, g := range behind(o.Act, product, up) {
		da[i/strideA] += float64(g * b[i/strideB])
		db[i/strideB] += float64(g * a[i/strideA])
	}
	return []*tensor.Tensor{rounded(da, in[0].Shape()), rounded(db, in[1].Shape())}, nil
}
