package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Traits say what passes, conversion, training and engines need to know of an
// operator, so that none of them keeps a list of operators.

// Clamped is an operator that can apply a clamp to its own result.
type Clamped interface {
	graph.Op
	// Clamp is the clamp that it applies now.
	Clamp() quant.Activation
	// WithClamp returns the operator with another clamp.
	WithClamp(quant.Activation) graph.Op
}

// Unary is a function of one number, applied to each element.
type Unary interface {
	graph.Op
	// Real is the function of a float32.
	Real(x float32) float32
	// Rule returns the function of a code: of codes of type d with parameters in, to
	// codes with parameters out.
	Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(code int32) int32
}

// Binary is a function of two numbers, applied to the elements of two operands,
// which broadcast as NumPy's do.
type Binary interface {
	Clamped
	// Real is the function of two float32, without the clamp.
	Real(a, b float32) float32
}

// Mover only moves elements of its inputs, unchanged, to another position or shape.
type Mover interface {
	graph.Op
	moves()
}

// Weighted is an operator with a weight as its second input, and an optional bias as its third.
type Weighted interface {
	Clamped
	weighted()
}

// OneScaled is a Weighted operator whose weight is quantized with one scale, since its first
// axis is not that of the output channels.
type OneScaled interface {
	Weighted
	OneScale() // does nothing; having it is the trait
}

// ClampOf is the clamp that an operator applies to its own result.
func ClampOf(o graph.Op) quant.Activation {
	if c, ok := o.(Clamped); ok {
		return c.Clamp()
	}
	return quant.NoActivation
}

// WithoutClamp returns the operator without the clamp of its result.
func WithoutClamp(o graph.Op) graph.Op {
	if c, ok := o.(Clamped); ok {
		return c.WithClamp(quant.NoActivation)
	}
	return o
}

// WeightOf returns the weight of a node whose operator has one, otherwise nil.
func WeightOf(n *graph.Node) *graph.Value {
	if _, ok := n.Op.(Weighted); ok {
		return n.Inputs[1]
	}
	return nil
}

// Averaging is an operator that averages. Its codes keep the parameters of the operand or, if
// it is rescaled, have their own by ONNX Runtime's rule.
type Averaging interface {
	graph.Op
	// Rescale returns the operator whose codes have parameters of their own.
	Rescale() graph.Op
}

// averages are the signatures of Averaging.
func averages(rescaled bool) []graph.Signature {
	if rescaled {
		return each(1, f32, u8, i8)
	}
	return keeping(each(1, f32, u8, i8))
}

// needAverages refuses quantization parameters of a result that the graph's rules have no
// average for.
func needAverages(ctx graph.Context, in *tensor.Tensor, out graph.Type) error {
	if err := needIntegerRules(ctx, out); err != nil {
		return err
	}
	if ctx.Numerics != quant.ONNX && !in.QParams().Equal(out.Q) {
		return fmt.Errorf("an average of codes of %v as %v: under the preset %s it keeps the parameters of its operand", in.QParams(), out.Q, ctx.Numerics)
	}
	return nil
}
