package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// lowerMap lowers functions of one number: a table of codes, or a kernel in float.
func lowerMap(n *graph.Node, t target) (operation, string) {
	d, reason := uniform(n)
	if reason != "" {
		return nil, reason
	}
	in, out := n.Inputs[0].Type.Q, n.Output().Type.Q
	var float elementwise32.Function
	var rule func() *quant.Pointwise
	switch n.Op.(type) {
	case op.Hardswish:
		float, rule = elementwise32.Hardswish, func() *quant.Pointwise { return quant.NewHardswish(t.numerics, in, out, d) }
	case op.Hardsigmoid:
		float, rule = elementwise32.Hardsigmoid, func() *quant.Pointwise { return quant.NewHardsigmoid(t.numerics, in, d) }
	case op.Sigmoid:
		float, rule = elementwise32.Sigmoid, func() *quant.Pointwise { return quant.NewSigmoid(t.numerics, in, d) }
	}
	if d == tensor.Float32 {
		return newPointwise32(float, quant.NoActivation, t), ""
	}
	return pointwise8{
		k:    elementwise8.Select(elementwise8.Table, elementwise8.Map, t.cpu),
		call: elementwise8.Call{Unary: elementwise8.NewUnary(d == tensor.QInt8, rule().Code)},
	}, ""
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
