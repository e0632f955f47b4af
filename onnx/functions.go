package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
)

// scope is where names of a file mean something: its graph, or one call of a function.
type scope struct {
	values  map[string]*graph.Value // by ONNX's names; nil for results of nodes that were not read
	weights map[string]*onnxpb.TensorProto
	opset   int
	prefix  string                            // of the names of nodes that are added
	given   map[string]*onnxpb.AttributeProto // attributes of the call
	absent  map[string]bool                   // operands of the call that it leaves out
	depth   int                               // of calls inside calls
}

// functionID is what names a function of the model; the overload is mostly empty.
type functionID struct{ domain, name, overload string }

// functions lists the functions of the model.
func (f *File) functions() (map[functionID]*onnxpb.FunctionProto, error) {
	list := map[functionID]*onnxpb.FunctionProto{}
	for _, p := range f.model.GetFunctions() {
		id := functionID{domain(p.GetDomain()), p.GetName(), p.GetOverload()}
		if list[id] != nil {
			return nil, fmt.Errorf("function %s.%s is there twice", id.domain, id.name)
		}
		list[id] = p
	}
	return list, nil
}

// functionOf is the function of the model that a node calls, nil where it calls none.
func (n *node) functionOf() *onnxpb.FunctionProto {
	return n.called[functionID{domain(n.proto.GetDomain()), n.proto.GetOpType(), n.proto.GetOverload()}]
}

// call reads the nodes of a function in the place of the node that calls it. They see its
// operands and attributes, and no names around it.
func (n *node) call(p *onnxpb.FunctionProto) ([]*graph.Value, error) {
	outer := n.scope
	if outer.depth == maxDepth {
		return nil, fmt.Errorf("functions call each other more than %d deep", maxDepth)
	}
	inner := scope{values: map[string]*graph.Value{}, weights: map[string]*onnxpb.TensorProto{}, absent: map[string]bool{}, prefix: n.first() + "/", depth: outer.depth + 1, opset: n.opset}
	for _, o := range p.GetOpsetImport() {
		if domain(o.GetDomain()) == "" {
			inner.opset = int(o.GetVersion())
		}
	}
	if inner.opset < 1 || inner.opset > maxOpset {
		return nil, fmt.Errorf("its function is of operator set %d; those up to %d are read", inner.opset, maxOpset)
	}
	if len(n.in) > len(p.GetInput()) {
		return nil, fmt.Errorf("%d operands for the function's %d", len(n.in), len(p.GetInput()))
	}
	for i, name := range p.GetInput() {
		if n.has(i) {
			inner.values[name] = n.in[i]
		} else {
			inner.absent[name] = true
		}
	}
	inner.given = n.attributesFor(p)
	n.builder.scope = inner
	results, err := n.body(p)
	n.builder.scope = outer
	return results, err
}

// attributesFor are those of a call, and defaults for others.
func (n *node) attributesFor(p *onnxpb.FunctionProto) map[string]*onnxpb.AttributeProto {
	given := map[string]*onnxpb.AttributeProto{}
	for _, a := range p.GetAttributeProto() {
		given[a.GetName()] = a
	}
	for _, name := range p.GetAttribute() {
		if a := n.attrs[name]; a != nil {
			given[name] = a
		}
	}
	for name := range given {
		if a := n.attrs[name]; a != nil {
			given[name] = a
		}
	}
	return given
}

// body reads the nodes of a function, in the scope of a call.
func (b *builder) body(p *onnxpb.FunctionProto) ([]*graph.Value, error) {
	for i, node := range p.GetNode() {
		if b.inlined++; b.inlined > maxNodes {
			return nil, fmt.Errorf("its functions are more than %d nodes, written out", maxNodes)
		}
		if err := b.node(i, node); err != nil {
			return nil, fmt.Errorf("in function %s: %w", p.GetName(), err)
		}
	}
	var results []*graph.Value
	for _, name := range p.GetOutput() {
		v, err := b.value(name)
		if err != nil {
			return nil, fmt.Errorf("in function %s: output %w", p.GetName(), err)
		}
		if v == nil {
			return nil, nil // why not is on the list
		}
		results = append(results, v)
	}
	return results, nil
}

// resolved is an attribute of a node in a function, where it refers to one of the call: nil
// where the call has none.
func (b *builder) resolved(a *onnxpb.AttributeProto) *onnxpb.AttributeProto {
	if a.GetRefAttrName() == "" || b.depth == 0 {
		return a
	}
	return b.given[a.GetRefAttrName()]
}
