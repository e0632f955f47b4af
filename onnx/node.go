package onnx

import (
	"fmt"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// operator names an operator of ONNX: its domain, empty for ONNX's own, and its type.
type operator struct{ domain, kind string }

// importer makes the nodes of a graph that compute what an ONNX node does. It returns
// the values of its results in order; those at the end may be missing.
type importer func(n *node) ([]*graph.Value, error)

// node is an ONNX node that is being read.
type node struct {
	*builder
	proto *onnxpb.NodeProto
	in    []*graph.Value // nil where an optional input is left out
	attrs map[string]*onnxpb.AttributeProto
	parts int // nodes of the graph that were made for it
}

// title is how errors call the node.
func (n *node) title() string {
	if name := n.proto.GetName(); name != "" {
		return fmt.Sprintf("%q (%s)", name, n.opName())
	}
	return fmt.Sprintf("the %s that gives %q", n.opName(), n.first())
}

// opName is the operator with its domain, where that is not ONNX's own.
func (n *node) opName() string {
	if d := domain(n.proto.GetDomain()); d != "" {
		return d + "." + n.proto.GetOpType()
	}
	return n.proto.GetOpType()
}

// first is the name of the first result that has one.
func (n *node) first() string {
	for _, name := range n.proto.GetOutput() {
		if name != "" {
			return n.prefix + name
		}
	}
	return ""
}

func (n *node) attributes() error {
	n.attrs = make(map[string]*onnxpb.AttributeProto, len(n.proto.GetAttribute()))
	for _, a := range n.proto.GetAttribute() {
		name := a.GetName()
		if a = n.resolved(a); a == nil {
			continue
		}
		if n.attrs[name] != nil {
			return fmt.Errorf("attribute %q is there twice", name)
		}
		n.attrs[name] = a
	}
	return nil
}

// has reports whether input i is given.
func (n *node) has(i int) bool { return i < len(n.in) && n.in[i] != nil }

// need returns an error unless the inputs before count are given.
func (n *node) need(count int) error {
	for i := range count {
		if !n.has(i) {
			return fmt.Errorf("input %d is missing", i)
		}
	}
	return nil
}

// result adds an operator that computes the node's first result.
func (n *node) result(op graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	return n.apply(n.first(), op, in...)
}

// step adds an operator in front of the one that computes the result.
func (n *node) step(op graph.Op, in ...*graph.Value) (*graph.Value, error) {
	n.parts++
	out, err := n.apply(n.first()+"/"+op.Kind()+"_"+strconv.Itoa(n.parts), op, in...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// apply adds a node, or, of constants, computes what it would.
func (n *node) apply(name string, op graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	if folded, err := n.Fold(name, op, in...); folded != nil || err != nil {
		return folded, err
	}
	return n.add(name, op, in...)
}

// add appends a node to the graph, whose operands it makes those that the operator computes with.
func (n *node) add(name string, op graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	in, err := n.accepted(op, in)
	if err != nil {
		return nil, err
	}
	return n.Add(name, op, in...)
}

// constant adds a tensor that the node needs beside its inputs.
func (n *node) constant(t *tensor.Tensor) *graph.Value {
	n.parts++
	return n.Graph.AddConst(n.first()+"/constant_"+strconv.Itoa(n.parts), t)
}

// known returns the elements of input i, which must be a constant, or follow from shapes that are known.
func (n *node) known(i int, what string) (*tensor.Tensor, error) {
	if t := n.ConstantOf(n.in[i]); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("its %s is %w; a constant is needed, which octet.WithInput makes of an input", what, graph.ErrComputed)
}
