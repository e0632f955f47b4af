package samegraph

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Sum identifies what a value is: how it is computed of inputs and data.
type Sum [sha256.Size]byte

// Difference returns the first node of a, in order, that b has no equal of, in words; it is
// empty where both graphs compute the same.
func Difference(a, b *graph.Graph) (string, error) {
	ours, err := sums(a)
	if err != nil {
		return "", err
	}
	theirs, err := sums(b)
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
func sums(g *graph.Graph) (map[*graph.Value]Sum, error) {
	all := map[*graph.Value]Sum{}
	for i, v := range g.Inputs {
		all[v] = sum("input", i, typeOf(v))
	}
	for _, n := range g.Running().Nodes {
		operator, err := json.Marshal(usual(n.Op))
		if err != nil {
			return nil, err
		}
		parts := []any{usual(n.Op).Kind(), string(operator)}
		for _, v := range n.Inputs {
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

// usual is the operator in one of its forms where there are two.
func usual(o graph.Op) graph.Op {
	if p, ok := o.(op.AdaptiveAvgPool2D); ok && p.Output == [2]int{1, 1} {
		return op.Mean{Axes: []int{2, 3}, KeepDim: true}
	}
	return o
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
