package pt2

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/assemble"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// node is a node of a program that is being read. Its arguments are read as it goes on: after an
// error they are zero, and nothing more is added.
type node struct {
	*builder
	assemble.Chain
	p       *programNode
	target  string // without the namespace, and without the underscore of what writes in place
	inPlace bool
	args    map[string]argument
	schema  []parameter
	name    string // that of the first node of the graph that is made for it
	parts   int
	seen    *entry // what the result is a view of, if it is one
	view    *view
	views   []*view // of results that are several views
	doubts  bool    // it reads the result of a node that was not read
}

// importer makes the nodes of a graph that compute what a node does, and returns its results in
// order.
type importer func(n *node) ([]*graph.Value, error)

// Step adds an operator in front of the one that computes the result.
func (n *node) Step(o graph.Op, in ...*graph.Value) (*graph.Value, error) {
	out, err := n.Several(o, in...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Several is Step for an operator of several results.
func (n *node) Several(o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	n.parts++
	return n.Apply(n.unique(n.name+"/"+o.Kind()+"_"+strconv.Itoa(n.parts)), o, in...)
}

// Result adds the operator that computes the results.
func (n *node) Result(o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	if n.Err != nil {
		return nil, n.Err
	}
	return n.Apply(n.name, o, in...)
}

// Constant adds a tensor that the node needs beside its operands.
func (n *node) Constant(t *tensor.Tensor) *graph.Value {
	n.parts++
	return n.Graph.AddConst(n.unique(n.name+"/constant_"+strconv.Itoa(n.parts)), t)
}

// shortTarget is an operator without the namespace of ATen.
func shortTarget(target string) string {
	return strings.TrimPrefix(strings.TrimPrefix(target, "torch.ops."), "aten.")
}

// functional is the operator that gives what one in place leaves: relu of relu_.
func functional(target string) (string, bool) {
	name, overload, ok := strings.Cut(target, ".")
	if !ok || !strings.HasSuffix(name, "_") || strings.HasSuffix(name, "__") {
		return target, false
	}
	return strings.TrimSuffix(name, "_") + "." + overload, true
}

// node reads one node: its results, or why not, are in b afterwards. The error is one of the
// file, not of the node.
func (b *builder) node(p *programNode) error {
	n := &node{builder: b, p: p, args: map[string]argument{}}
	n.To = n
	n.target, n.inPlace = functional(shortTarget(p.Target))
	for _, a := range p.Inputs {
		if _, twice := n.args[a.Name]; twice {
			return fmt.Errorf("argument %q is there twice", a.Name)
		}
		n.args[a.Name] = a.Arg
	}
	for _, name := range n.reads() {
		e := b.values[name]
		if e == nil {
			return fmt.Errorf("it reads %q, which is computed by no node in front of it", name)
		}
		n.doubts = n.doubts || e.value == nil && e.load == nil
	}
	if slices.Contains(ignored, n.target) {
		return nil
	}
	read := importers[n.target]
	n.schema = schemas()[n.target]
	if _, has := n.args["input"]; n.inPlace && !has && n.has("input") { // what writes in place calls it self
		n.args["input"] = n.args["self"]
		delete(n.args, "self")
	}
	var results []*graph.Value
	var err error
	switch {
	case read == nil:
		err = errors.New("there is no such operator here")
	case n.doubts:
		b.unchecked++
	default:
		n.name = b.nodeName(p)
		if err = n.known(); err == nil {
			results, err = read(n)
		}
		if err == nil {
			err = n.Err
		}
		if err == nil {
			err = n.expected(results)
		}
		if err == nil && n.inPlace {
			err = n.writes(results)
		}
	}
	if err != nil {
		first := ""
		if given := n.gives(); len(given) > 0 {
			first = given[0]
		}
		b.failed = append(b.failed, onnx.Unsupported{
			Node: p.Name, Op: shortTarget(p.Target), Output: first, Reason: err.Error(), Advice: adviceOn(n.target, read != nil, err),
			Computed: errors.Is(err, graph.ErrComputed),
		})
		results = nil
	}
	return n.bind(results)
}

// reads are the names of all values that the node reads.
func (n *node) reads() (names []string) {
	for _, a := range n.p.Inputs {
		names = append(names, a.Arg.names()...)
		names = append(names, listed(a.Arg)...)
	}
	return names
}

// gives are the names of the node's results.
func (n *node) gives() (names []string) {
	for _, a := range n.p.Outputs {
		names = append(names, a.names()...)
	}
	return names
}

// has reports whether the operator has a parameter of that name.
func (n *node) has(name string) bool {
	return slices.ContainsFunc(n.schema, func(p parameter) bool { return p.name == name })
}

// known returns an error where an argument is not in the operator's schema.
func (n *node) known() error {
	for name := range n.args {
		if !n.has(name) {
			return fmt.Errorf("its argument %q is not one of PyTorch %s", name, schemaRelease)
		}
	}
	return nil
}

// expected compares the element types of results with what the program says of them.
func (n *node) expected(results []*graph.Value) error {
	for i, name := range n.gives() {
		m, ok := n.file.program.Module.Graph.Tensors[name]
		if !ok {
			continue
		}
		if i >= len(results) || results[i] == nil {
			return fmt.Errorf("its result %d is not computed here", i)
		}
		stored, err := m.dtype()
		if err != nil {
			return err
		}
		kind, err := onnx.HeldType(stored)
		if err != nil {
			return err
		}
		if got := results[i].Type.DType; got != kind && !(got.IsQuantized() && plainOf(got) == stored) {
			return fmt.Errorf("its result is %v here; the program says %v", got, stored)
		}
	}
	return nil
}

// writes makes the result what the first operand holds.
func (n *node) writes(results []*graph.Value) error {
	e := n.entry("self")
	if e == nil {
		e = n.entry("input")
	}
	if e == nil || len(results) != 1 {
		return errors.New("it writes in place what is no operand")
	}
	n.seen = e
	return n.write(n, e, results[0])
}

// entry is the operand of that name, nil where it is none.
func (n *node) entry(name string) *entry { return n.values[n.args[name].tensorName()] }

// bind gives the results of the node their names.
func (n *node) bind(results []*graph.Value) error {
	for i, name := range n.gives() {
		if name == "" || n.values[name] != nil {
			return fmt.Errorf("result %q is there already, or has no name: every name is given once", name)
		}
		switch {
		case i >= len(results):
			n.values[name] = fresh(nil)
			continue
		case n.inPlace:
			n.values[name] = n.seen
		case n.seen != nil && n.view != nil:
			n.values[name] = &entry{root: n.seen.root, value: results[i], stamp: n.seen.root.stamp, from: n.seen, view: n.view}
		case n.seen != nil && i < len(n.views):
			n.values[name] = &entry{root: n.seen.root, value: results[i], stamp: n.seen.root.stamp, from: n.seen, view: n.views[i]}
		default:
			n.values[name] = fresh(results[i])
		}
		if m, ok := n.file.program.Module.Graph.Tensors[name]; ok {
			n.claims = append(n.claims, claim{results[i], name, m})
		}
	}
	return nil
}
