package samegraph

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Sum identifies what a value is: how it is computed of inputs and data.
type Sum [sha256.Size]byte

// Difference returns the first node of a, in order, that b has no equal of, in words; it is
// empty where both graphs compute the same for inputs of the given shapes.
func Difference(a, b *graph.Graph, inputs ...tensor.Shape) (string, error) {
	ours, err := sums(a, inputs)
	if err != nil {
		return "", err
	}
	theirs, err := sums(b, inputs)
	if err != nil {
		return "", err
	}
	there := map[Sum]bool{}
	for _, s := range theirs {
		there[s] = true
	}
	for _, n := range a.Running().Nodes {
		if !there[ours[n.Outputs[0]]] {
			return fmt.Sprintf("%s (%s%+v) of %v has no equal", n.Name, n.Op.Kind(), n.Op, n.Output().Type), nil
		}
	}
	if len(a.Outputs) != len(b.Outputs) {
		return fmt.Sprintf("%d and %d outputs", len(a.Outputs), len(b.Outputs)), nil
	}
	for i, v := range a.Outputs {
		if ours[v] != theirs[b.Outputs[i]] {
			return fmt.Sprintf("output %d is another value", i), nil
		}
	}
	return "", nil
}

// sums are those of all values.
func sums(g *graph.Graph, inputs []tensor.Shape) (map[*graph.Value]Sum, error) {
	facts, err := g.Infer(inputs...)
	if err != nil {
		return nil, err
	}
	all := map[*graph.Value]Sum{}
	for i, v := range g.Inputs {
		all[v] = sum("input", i, typeOf(v))
	}
	for _, n := range g.Running().Nodes {
		if stub(n) {
			all[n.Outputs[0]] = all[n.Inputs[0]]
			continue
		}
		o, in := usual(n, facts)
		operator, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		parts := []any{o.Kind(), string(operator)}
		for _, v := range in {
			if _, ok := all[v]; !ok {
				if v.Data == nil {
					return nil, fmt.Errorf("%q of %q has no data", v.Name, n.Name)
				}
				if err := v.Data.Load(); err != nil {
					return nil, err
				}
				all[v] = sum("data", typeOf(v), v.Data.Shape(), sha256.Sum256(v.Data.Bytes()))
			}
			parts = append(parts, all[v])
		}
		for i, v := range n.Outputs {
			all[v] = sum(append(parts, i, typeOf(v))...)
		}
	}
	return all, nil
}

// stub says that n marks where codes begin or end, and computes nothing as yet.
func stub(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.Quantize, op.Dequantize:
		return n.Inputs[0].Type.DType == tensor.Float32 && n.Output().Type.DType == tensor.Float32
	}
	return false
}

// usual is the operator of n in one of its forms where there are several, and its inputs.
func usual(n *graph.Node, facts map[*graph.Value]graph.Fact) (graph.Op, []*graph.Value) {
	switch o := n.Op.(type) {
	case op.AdaptiveAvgPool2D:
		if o.Output == [2]int{1, 1} {
			return op.Mean{Axes: []int{2, 3}, KeepDim: true}, n.Inputs
		}
	case op.Mean:
		o.Axes = slices.Clone(o.Axes)
		for i, axis := range o.Axes {
			if axis < 0 {
				o.Axes[i] += len(facts[n.Inputs[0]].Shape)
			}
		}
		slices.Sort(o.Axes)
		return o, n.Inputs
	case op.Flatten, op.Reshape, op.Squeeze, op.Unsqueeze:
		return op.Reshape{Shape: facts[n.Output()].Shape}, n.Inputs[:1]
	}
	return n.Op, n.Inputs
}

// typeOf leaves out the shape, which a file may not say.
func typeOf(v *graph.Value) string {
	q := v.Type.Q
	if q == nil {
		q = &tensor.QParams{}
	}
	return fmt.Sprint(v.Type.DType, q.Axis, q.Scales, q.ZeroPoints)
}

func sum(parts ...any) Sum { return sha256.Sum256(fmt.Append(nil, parts...)) }
