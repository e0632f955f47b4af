package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// lowerMap lowers functions of one number: a table of codes, or the function
// itself in float.
func lowerMap(n *graph.Node, t target) (operation, string) {
	d, reason := uniform(n)
	if reason != "" {
		return nil, reason
	}
	in, out := n.Inputs[0].Type.Q, n.Output.Type.Q
	var f func(float32) float32
	var rule *quant.Pointwise
	switch n.Op.(type) {
	case op.Hardswish:
		if f = quant.Hardswish; d != tensor.Float32 {
			rule = quant.NewHardswish(t.numerics, in, out, d)
		}
	case op.Hardsigmoid:
		if f = quant.Hardsigmoid; d != tensor.Float32 {
			rule = quant.NewHardsigmoid(t.numerics, in, d)
		}
	case op.Sigmoid:
		if f = quant.Sigmoid; d != tensor.Float32 {
			rule = quant.NewSigmoid(t.numerics, in, d)
		}
	}
	if rule == nil {
		return map32{f}, ""
	}
	return pointwise8{
		k:    elementwise8.Select(elementwise8.Table, elementwise8.Map, t.cpu),
		call: elementwise8.Call{Unary: elementwise8.NewUnary(d == tensor.QInt8, rule.Code)},
	}, ""
}

// map32 applies a function to each float32.
type map32 struct{ f func(float32) float32 }

func (map32) kernel() (string, string) { return "map", "go" }

func (o map32) fix(_ []graph.Type, out graph.Type, threads int) (fixed, error) {
	return fixedMap32{o, splitRuns(out.Shape.Numel(), shortest, threads)}, nil
}

type fixedMap32 struct {
	map32
	runs
}

func (fixedMap32) macs() int64  { return 0 }
func (fixedMap32) scratch() int { return 0 }

func (o fixedMap32) bind(in []memory, out memory, _ [][]uint64) step {
	return pieces{o.count, &taskMap32{o, in[0].reals(), out.reals()}}
}

type taskMap32 struct {
	fixedMap32
	in, out []float32
}

func (t *taskMap32) Do(_, i int) {
	from, to := t.bounds(i)
	for j, v := range t.in[from:to] {
		t.out[from+j] = t.f(v)
	}
}

// lowerAffine makes the factors and summands parameters of the kernel that batch
// norms use, too.
func lowerAffine(n *graph.Node, a op.Affine, t target) (operation, string) {
	if _, reason := uniform(n); reason != "" {
		return nil, reason
	}
	o := newPointwise32(elementwise32.Affine, quant.NoActivation, t)
	o.b, o.c = a.Scale, a.Shift
	return o, ""
}
