package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Differentiable is an operator with a gradient, for float32 operands. Like Eval, Gradient is
// slow and obvious, and the oracle of the kernels that train.
type Differentiable interface {
	graph.Op
	// Gradient returns the gradient, with respect to each input, of the sum of the products of
	// the result and up, which has the result's shape: up is the gradient with respect to the
	// result. An input that is not trained, as the running statistics of a batch norm are, has
	// nil. Sums are taken in float64 and rounded once. At the edge of a clamp it is what
	// PyTorch chooses.
	Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error)
}

// needFloats refuses operands that have no gradient, and an up that does not
// have the shape of the result of o.
func needFloats(o graph.Op, in []*tensor.Tensor, up *tensor.Tensor) error {
	for i, t := range append(in[:len(in):len(in)], up) {
		if t.DType() != f32 {
			return fmt.Errorf("gradient of %s: operand %d is %v; only float32 has gradients", o.Kind(), i, t.DType())
		}
	}
	types, err := o.Infer(graph.FactsOf(in...))
	if err != nil {
		return err
	}
	if shape := types[0].Shape; !shape.Equal(up.Shape()) {
		return fmt.Errorf("gradient of %s: the gradient of the result has shape %v, the result %v", o.Kind(), up.Shape(), shape)
	}
	return nil
}

// rounded returns a tensor of float64 numbers, each rounded to float32.
func rounded(x []float64, shape tensor.Shape) *tensor.Tensor {
	out := tensor.New(f32, shape...)
	y := out.Float32s()
	for i, v := range x {
		y[i] = float32(v)
	}
	return out
}

// through is the derivative of a clamp at its argument x: 1 or 0.
func through(act quant.Activation, x float32) float64 {
	if act != quant.NoActivation && !(x > 0) || act == quant.ReLU6 && !(x < 6) {
		return 0
	}
	return 1
}

// behind is the gradient of act's argument x, given the gradient up of its result.
func behind(act quant.Activation, x []float32, up *tensor.Tensor) []float64 {
	g := float64s(up)
	for i := range g {
		g[i] *= through(act, x[i])
	}
	return g
}

// pointwiseGradient is Gradient of a function of one number with derivative d.
func pointwiseGradient(o graph.Op, in []*tensor.Tensor, up *tensor.Tensor, d func(x float64) float64) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	g := float64s(up)
	for i, x := range in[0].Float32s() {
		g[i] *= d(float64(x))
	}
	return []*tensor.Tensor{rounded(g, up.Shape())}, nil
}

// scattered is Gradient of an operator whose result's element i is element
// from(i) of x.
func scattered(o graph.Op, in []*tensor.Tensor, up *tensor.Tensor, from func(i int) int) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	g := make([]float64, in[0].Numel())
	for i, v := range up.Float32s() {
		g[from(i)] += float64(v)
	}
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, nil
}
