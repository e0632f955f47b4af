package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// placing is an operator that only copies elements, and finds them axis by axis, when the
// facts of its operands are known.
type placing interface {
	graph.Op
	// Places returns the place along an axis of the first operand from which place i of
	// the result comes, or -1 where it is filled.
	Places(in []graph.Fact) (func(axis, i int) int, error)
}

// withLists is sameOrder for the first operand and the results; further operands are lists of
// numbers.
type withLists struct{ sameOrder }

func (o withLists) wishes(in, out []desc) []order {
	return append(o.sameOrder.wishes(in[:1], out), make([]order, len(in)-1)...)
}

func (o withLists) orders(in, out []desc) (need, give []order) {
	need, give = o.sameOrder.orders(in[:1], out)
	return append(need, make([]order, len(in)-1)...), give
}

// placed is a pick whose places depend on the data of further operands.
type placed struct {
	withLists
	op placing
}

func lowerPlaced(n *graph.Node, o placing) (operation, string) {
	if !perTensor(n.Output().Type) {
		return nil, "quantized per channel"
	}
	return placed{op: o}, ""
}

// lowerInterpolate has kernels for the nearest elements and for blending two, without a roi.
func lowerInterpolate(n *graph.Node, o op.Interpolate, t target) (operation, string) {
	switch {
	case o.Coordinates == "tf_crop_and_resize":
		return nil, "it has a roi"
	case o.Mode == "nearest":
		return lowerPlaced(n, o)
	case o.Mode != "linear" || o.Antialias || n.Inputs[0].Role == graph.Parameter:
		return nil, "it blends more than two elements along an axis"
	}
	return general{o, n, blendKernel(t), evaluation{n, graph.Context{Numerics: t.numerics}}}, ""
}

func (placed) kernel() (string, string) { return "copy", "go" }

func (o placed) fix(in, outs []desc, threads int) (fixed, error) {
	places, err := o.op.Places(factsOf(in))
	if err != nil {
		return nil, err
	}
	p := pick{value: make([]byte, outs[0].DType.Size()), place: func(axis, i, _, _ int) int { return places(axis, i) }}
	return p.fix(in[:1], outs, threads)
}

// factsOf is what a plan knows of operands.
func factsOf(in []desc) []graph.Fact {
	facts := make([]graph.Fact, len(in))
	for i, d := range in {
		facts[i] = graph.Fact{Type: d.Type, Data: d.known}
	}
	return facts
}
