package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// readIf reads the branch that is taken, which has to be known while the graph is built:
// it follows from constants, or from shapes where those of the inputs are known.
func readIf(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	taken, err := n.truth(n.in[0])
	if err != nil {
		return nil, err
	}
	name := "else_branch"
	if taken {
		name = "then_branch"
	}
	a, err := n.attr(name, onnxpb.AttributeProto_GRAPH)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, fmt.Errorf("%s is missing", name)
	}
	if given, wanted := len(a.GetG().GetOutput()), len(n.proto.GetOutput()); given != wanted {
		return nil, fmt.Errorf("%s gives %d results, the node has %d", name, given, wanted)
	}
	return n.inline(a.GetG())
}

// truth is the value of a condition.
func (n *node) truth(v *graph.Value) (bool, error) {
	t := n.ConstantOf(v)
	if t == nil {
		return false, fmt.Errorf("its condition is %w; octet.WithShape or octet.WithInput may decide it", graph.ErrComputed)
	}
	if t.DType() != tensor.Bool || t.Numel() != 1 {
		return false, fmt.Errorf("its condition is %v; one truth value is expected", t)
	}
	return t.Bytes()[0] != 0, nil
}

// inline reads the nodes of a graph in the place of the node that it is an attribute of.
// They see the names around it; their own are kept apart from those of another branch
// that is read later by being forgotten.
func (n *node) inline(g *onnxpb.GraphProto) ([]*graph.Value, error) {
	var own []string
	for _, t := range g.GetInitializer() {
		if n.weights[t.GetName()] != nil {
			return nil, fmt.Errorf("initializer %q is there twice", t.GetName())
		}
		n.weights[t.GetName()] = t
		own = append(own, t.GetName())
	}
	for i, p := range g.GetNode() {
		if err := n.builder.node(i, p); err != nil {
			return nil, err
		}
		own = append(own, p.GetOutput()...)
	}
	var results []*graph.Value
	for _, out := range g.GetOutput() {
		v, err := n.value(out.GetName())
		if err != nil {
			return nil, err
		}
		if v == nil {
			return nil, nil // why not is on the list
		}
		results = append(results, v)
	}
	for _, name := range own {
		delete(n.values, name)
		delete(n.weights, name)
	}
	return results, nil
}
