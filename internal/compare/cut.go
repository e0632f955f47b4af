package compare

import (
	"reflect"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// cut has g begin behind what it computes just as whole does, and returns the names of
// the values that are then its inputs; whole numbers it computes itself. Where its result
// would be one of them, it begins with the inputs of the model, and there are no names.
func cut(g, whole *graph.Graph) (names []string) {
	g.Auxiliary = nil
	g.Prune()
	shared := map[*graph.Value]bool{}
	for _, v := range g.Inputs {
		shared[v] = true
	}
	var own []*graph.Node
	for _, n := range g.Nodes {
		same, ok := whole.Node(n.Name)
		ok = ok && sameNode(n, same, shared)
		if !ok || whole64(n) {
			own = append(own, n)
		}
		if !ok {
			continue
		}
		for _, v := range n.Outputs {
			shared[v] = true
		}
	}
	if slices.ContainsFunc(g.Outputs, func(v *graph.Value) bool { return shared[v] }) {
		return nil
	}
	g.Inputs = nil
	inputs := map[*graph.Value]*graph.Value{}
	for _, n := range own {
		for i, v := range n.Inputs {
			if !shared[v] || v.Node != nil && whole64(v.Node) {
				continue
			}
			if inputs[v] == nil {
				inputs[v] = g.AddInput(v.Name, graph.Type{DType: v.Type.DType, Q: v.Type.Q})
				names = append(names, v.Name)
			}
			n.Inputs[i] = inputs[v]
		}
	}
	g.Prune()
	return names
}

// whole64 reports whether n computes whole numbers: shapes and indices, of which a graph cannot
// be compiled where they are inputs.
func whole64(n *graph.Node) bool { return n.Output().Type.DType == tensor.Int64 }

// sameNode reports whether two nodes compute the same, a on values of which those that
// are shared are computed alike in both graphs.
func sameNode(a, b *graph.Node, shared map[*graph.Value]bool) bool {
	if len(a.Inputs) != len(b.Inputs) || len(a.Outputs) != len(b.Outputs) || !reflect.DeepEqual(a.Op, b.Op) {
		return false
	}
	for i, v := range a.Inputs {
		w := b.Inputs[i]
		if v.Role != w.Role || v.Name != w.Name || v.Data != w.Data || v.Role != graph.Parameter && !shared[v] {
			return false
		}
	}
	for i, v := range a.Outputs {
		if t, u := v.Type, b.Outputs[i].Type; v.Name != b.Outputs[i].Name || t.DType != u.DType || !t.Q.Equal(u.Q) {
			return false
		}
	}
	return true
}

// valuesNamed are the values of g of those names, in order.
func valuesNamed(g *graph.Graph, names []string) []*graph.Value {
	found := make([]*graph.Value, len(names))
	for _, v := range valuesOf(g) {
		for i, name := range names {
			if v.Name == name {
				found[i] = v
			}
		}
	}
	return found
}
