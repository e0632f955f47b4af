package assemble

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// A run may be ended, but not the reading of a file, and a small file may describe constants of
// any size: folding takes so many steps of a whole file beyond a few for each element, some tenths
// of a second, and an operator whose steps are not counted has operands and results of so many
// elements. A node that is not folded is computed in the run.
const (
	maxSteps     = 1 << 27
	maxUncounted = 1 << 12
)

// steps returns how many steps an operator of constants takes beyond a few for each element, or
// that they are not counted.
func steps(o graph.Op, in []*tensor.Tensor, out []graph.Type) (count int64, counted bool) {
	size := out[0].Shape.Numel()
	window := func(kernel ...int) (int64, bool) { return product(append([]int{size}, kernel...)...), true }
	switch o := o.(type) {
	case op.MatMul, op.IntegerMatMul, op.Linear:
		shape := in[0].Shape()
		return window(shape[len(shape)-1])
	case op.Conv2D, op.ConvND, op.IntegerConv2D, op.DeformConv:
		return window(in[1].Shape()[1:]...)
	case op.ConvTranspose2D:
		return product(append([]int{in[0].Numel()}, in[1].Shape()[1:]...)...), true
	case op.MaxPool2D:
		return window(o.Kernel[:]...)
	case op.AvgPool2D:
		return window(o.Kernel[:]...)
	case op.PoolND:
		return window(o.Kernel...)
	case op.LocalResponseNorm:
		return window(o.Size)
	case op.ROIAlign:
		return window(in[0].Numel(), o.SamplingRatio, o.SamplingRatio)
	case op.Einsum: // all of one operand with all of the others, at most
		sizes := make([]int, len(in))
		for i, t := range in {
			sizes[i] = t.Numel()
		}
		return product(sizes...), true
	case op.DFT, op.Det, op.LSTM, op.GRU, op.RNN, op.NonMaxSuppression, op.TfIdf:
		return 0, false
	}
	return 0, true
}

// product is that of numbers, of which those below 1 do not count; more than maxSteps is one more.
func product(numbers ...int) int64 {
	p := int64(1)
	for _, n := range numbers {
		if p *= int64(min(max(1, n), maxSteps+1)); p > maxSteps {
			return maxSteps + 1
		}
	}
	return p
}

// affordable reports whether an operator of constants may be computed while a file is read, and
// counts its steps.
func (b *Builder) affordable(o graph.Op, in []*tensor.Tensor, out []graph.Type) bool {
	count, counted := steps(o, in, out)
	if !counted {
		large := func(s tensor.Shape) bool { return s.Numel() > maxUncounted }
		return !slices.ContainsFunc(out, func(t graph.Type) bool { return large(t.Shape) }) &&
			!slices.ContainsFunc(in, func(t *tensor.Tensor) bool { return large(t.Shape()) })
	}
	if b.steps+count > maxSteps {
		return false
	}
	b.steps += count
	return true
}
