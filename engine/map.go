package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// lowerUnary lowers functions of one number: a table of codes, or in float a kernel,
// where there is one, and else the operator's own function.
func lowerUnary(n *graph.Node, u op.Unary, t target) (operation, string) {
	d, reason := arithmetic(n)
	switch {
	case reason != "":
		return nil, reason
	case d == tensor.Float32:
		return lowerUnary32(u, t), ""
	}
	rule := u.Rule(t.numerics, n.Inputs[0].Type.Q, n.Output().Type.Q, d)
	return pointwise8{
		k:    elementwise8.Select(elementwise8.Table, elementwise8.Map, t.cpu),
		call: elementwise8.Call{Unary: elementwise8.NewUnary(d == tensor.QInt8, rule)},
	}, ""
}

func lowerUnary32(u op.Unary, t target) operation {
	switch u.(type) {
	case op.Composed, op.ScaleShift:
		return newChain(u, t.cpu)
	}
	if f, lo, hi, ok := elementwise(u); ok {
		return pointwise32{k: elementwise32.Select(elementwise32.Table, f, t.cpu), lo: lo, hi: hi}
	}
	return function32{f: scalarOf(u)}
}

// elementwise is the function of the kernels that compute u, where there is one, and the
// numbers that they are given.
func elementwise(u op.Unary) (f elementwise32.Function, lo, hi float32, ok bool) {
	lo, hi = clampOf(quant.NoActivation)
	switch o := u.(type) {
	case op.Clamp:
		lo, hi = clampOf(o.Act)
		return elementwise32.Clamp, lo, hi, true
	case op.Clip:
		if o.Hi != nil {
			hi = float32(*o.Hi)
		}
		if o.Lo != nil {
			lo = min(float32(*o.Lo), hi)
		}
		return elementwise32.Clamp, lo, hi, true
	case op.LeakyReLU:
		return elementwise32.LeakyReLU, o.Slope, 0, true
	}
	f, ok = elementwise32.FunctionOf(u.Kind())
	return f, lo, hi, ok
}

// scalarOf is the function of a number, for loops.
func scalarOf(u op.Unary) func(float32) float32 {
	if f, ok := u.(op.Function); ok {
		return f.Scalar()
	}
	return u.Real
}

// function32 applies a function that has no kernel to float32 numbers.
type function32 struct {
	anyOrder
	f func(float32) float32
}

func (function32) kernel() (string, string) { return "function", "go" }

func (o function32) fix(_, outs []desc, threads int) (fixed, error) {
	const slow = 16 // times as slow, per element, as an element-wise kernel
	return fixedFunction32{o, splitRuns(outs[0].Shape.Numel(), shortest/slow, threads)}, nil
}

type fixedFunction32 struct {
	function32
	runs
}

func (fixedFunction32) macs() int64  { return 0 }
func (fixedFunction32) scratch() int { return 0 }

func (f fixedFunction32) bind(in, outs []memory, _ [][]uint64) step {
	return pieces{f.count, &taskFunction32{f, in[0].reals(), outs[0].reals()}}
}

type taskFunction32 struct {
	fixedFunction32
	in, out []float32
}

func (t *taskFunction32) Do(_, i int) {
	from, to := t.bounds(i)
	out := t.out[from:to]
	for j, v := range t.in[from:to] {
		out[j] = t.f(v)
	}
}

// lowerAffine uses the kernel of batch norm, with the multipliers and offsets as its
// parameters.
func lowerAffine(n *graph.Node, a op.Affine, t target) (operation, string) {
	if n.Inputs[0].Role == graph.Parameter {
		return nil, "its operand is a parameter"
	}
	return newChannelwise(a.Scale, a.Shift, quant.NoActivation, t), ""
}
