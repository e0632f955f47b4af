package engine

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// check refuses graphs that cannot be run.
func check(g *graph.Graph) error {
	if err := g.Validate(); err != nil {
		return err
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v.Role == graph.Parameter && v.Data == nil {
				return fmt.Errorf("%s: node %q: parameter %q has no data; bind a state dict to the graph first", g.Name, n.Name, v.Name)
			}
		}
		if err := n.CheckSignature(); err != nil {
			return fmt.Errorf("%s: %w", g.Name, err)
		}
		if g.Numerics == quant.NumericsUnset && isQuantized(n) {
			return fmt.Errorf("%s: node %q computes on integers and the graph does not say by which rules; set its numerics to fbgemm, qnnpack or onednn", g.Name, n.Name)
		}
	}
	for _, v := range g.Inputs {
		if v.Type.Q != nil && !v.Type.Q.IsPerTensor() {
			return fmt.Errorf("%s: input %q is quantized per channel; activations are quantized per tensor", g.Name, v.Name)
		}
	}
	return nil
}

func isQuantized(n *graph.Node) bool {
	for _, v := range n.Inputs {
		if v.Type.DType.IsQuantized() {
			return true
		}
	}
	return slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return v.Type.DType.IsQuantized() })
}

// checkInputs compares the tensors of a run with the graph's inputs and returns
// their shapes.
func checkInputs(g *graph.Graph, inputs []*tensor.Tensor) ([]tensor.Shape, error) {
	if err := matchInputs(g, inputs); err != nil {
		return nil, err
	}
	shapes := make([]tensor.Shape, len(inputs))
	for i, t := range inputs {
		shapes[i] = t.Shape()
	}
	return shapes, nil
}

func matchInputs(g *graph.Graph, inputs []*tensor.Tensor) error {
	if len(inputs) != len(g.Inputs) {
		return fmt.Errorf("%s takes %d inputs, got %d", g.Name, len(g.Inputs), len(inputs))
	}
	for i, v := range g.Inputs {
		t := inputs[i]
		switch {
		case t == nil:
			return fmt.Errorf("%s: input %q is nil", g.Name, v.Name)
		case t.DType() != v.Type.DType:
			return fmt.Errorf("%s: input %q is %v; expected %v", g.Name, v.Name, t, v.Type)
		case !t.QParams().Equal(v.Type.Q):
			return fmt.Errorf("%s: input %q has %v; expected %v", g.Name, v.Name, t.QParams(), v.Type.Q)
		case v.Type.Shape != nil && !t.Shape().Equal(v.Type.Shape):
			return fmt.Errorf("%s: input %q has shape %v; expected %v", g.Name, v.Name, t.Shape(), v.Type.Shape)
		}
	}
	return nil
}

// checkWanted refuses observation of what is no float32 activation of g.
func checkWanted(g *graph.Graph, want map[*graph.Value]bool) error {
	known := map[*graph.Value]bool{}
	for _, v := range g.Inputs {
		known[v] = true
	}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			known[v] = true
		}
	}
	for v, wanted := range want {
		if wanted && (!known[v] || v.Type.DType != tensor.Float32) {
			return fmt.Errorf("%s: value %q cannot be observed: it is no float32 input or result of this graph", g.Name, v.Name)
		}
	}
	return nil
}
