package compare

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

// Chooses reports whether an output of floats depends on what others are compared with or sorted by, as the
// boxes do that non-maximum suppression leaves: a little noise gives another choice, so that the ratio
// of signal to noise says nothing about the model.
func Chooses(g *graph.Graph) bool {
	floats, chosen := map[*graph.Value]bool{}, map[*graph.Value]bool{}
	for _, v := range g.Inputs {
		floats[v] = v.Type.DType.IsFloat()
	}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(graph.ShapeReader); ok {
			continue // of a shape
		}
		fromFloats := slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return floats[v] })
		choice := slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool {
			return chosen[v] || floats[v] && !v.Type.DType.IsFloat()
		})
		for _, v := range n.Outputs {
			floats[v], chosen[v] = fromFloats, choice
		}
	}
	return slices.ContainsFunc(g.Outputs, func(v *graph.Value) bool { return chosen[v] && v.Type.DType.IsFloat() })
}
