package graph

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// Infer computes the type, shape included, of every value of g for inputs of
// the given shapes, save those that only results aside need. The error names the node where shapes stop fitting.
func (g *Graph) Infer(inputs ...tensor.Shape) (map[*Value]Type, error) {
	if len(inputs) != len(g.Inputs) {
		return nil, fmt.Errorf("%s takes %d inputs, got %d", g.Name, len(g.Inputs), len(inputs))
	}
	types := make(map[*Value]Type, len(g.Nodes)+len(g.Params)+len(g.Inputs))
	for i, v := range g.Inputs {
		t := v.Type
		t.Shape = inputs[i]
		types[v] = t
	}
	for _, v := range g.Params {
		types[v] = v.Type
	}
	for _, n := range g.Running().Nodes {
		in := make([]Type, len(n.Inputs))
		for i, v := range n.Inputs {
			in[i] = types[v]
		}
		shape, err := n.Op.Infer(in)
		if err != nil {
			return nil, fmt.Errorf("%s: node %q (%s): %w", g.Name, n.Name, n.Op.Kind(), err)
		}
		t := n.Output.Type
		t.Shape = shape
		types[n.Output] = t
	}
	return types, nil
}
