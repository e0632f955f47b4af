package graph

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Graph is a model: nodes in an order in which they can be computed.
//
// A Graph is built once and then treated as immutable: whoever wants to change
// one changes a Clone.
type Graph struct {
	Name     string         // the architecture, for messages
	Numerics quant.Numerics // set once a graph computes on integers
	Inputs   []*Value       // in the order in which a run takes them
	Outputs  []*Value       // in the order in which a run returns them; results of nodes or inputs
	Nodes    []*Node        // each behind those whose results it reads
	Params   []*Value       // in the order of PyTorch's state dict

	// Idle names modules that are never called but own a scale and a zero point
	// in PyTorch's files of the converted model (mobilenet_v2's features.1.skip_add):
	// 1 and 0, stored behind the last key of the same parent module.
	Idle []string

	// Auxiliary holds the auxiliary outputs: those of classifiers that serve training
	// only, but whose parameters are in PyTorch's files. Passes keep their nodes and
	// parameters; a run leaves them out.
	Auxiliary []*Value
}

// New returns an empty graph.
func New(name string) *Graph { return &Graph{Name: name} }

// AddInput declares an input.
func (g *Graph) AddInput(name string, t Type) *Value {
	v := &Value{Name: name, Role: Input, Type: t}
	g.Inputs = append(g.Inputs, v)
	return v
}

// AddParam declares a float32 parameter whose data is bound later.
func (g *Graph) AddParam(name string, shape ...int) *Value {
	v := &Value{Name: name, Role: Parameter, Type: Type{DType: tensor.Float32, Shape: shape}}
	g.Params = append(g.Params, v)
	return v
}

// AddConst declares a parameter with its data.
func (g *Graph) AddConst(name string, data *tensor.Tensor) *Value {
	v := &Value{Name: name, Role: Parameter, Type: TypeOf(data), Data: data}
	g.Params = append(g.Params, v)
	return v
}

// AddNode appends a node and returns its first result; node.Outputs has all of them.
// Their element types follow from the operator's signatures. Where those allow several
// (quantized results with their own scale), the type is float32 until the caller sets
// another.
func (g *Graph) AddNode(name string, op Op, inputs ...*Value) *Value {
	n := newNode(name, op, inputs)
	for i, v := range n.Outputs {
		v.Type = n.defaultType(i)
	}
	g.Nodes = append(g.Nodes, n)
	return n.Output()
}

// InsertAfter places a new node with one result behind value v in the order of
// computation, without connecting its result to anything.
func (g *Graph) InsertAfter(v *Value, name string, op Op, out Type, inputs ...*Value) *Value {
	n := newNode(name, op, inputs)
	n.Output().Type = out
	at := 0
	if v.Node != nil {
		at = slices.Index(g.Nodes, v.Node) + 1
	}
	g.Nodes = slices.Insert(g.Nodes, at, n)
	return n.Output()
}

// newNode makes a node with results that have names but no types.
func newNode(name string, op Op, inputs []*Value) *Node {
	n := &Node{Name: name, Op: op, Inputs: inputs}
	results := 1
	if m, ok := op.(Multiple); ok {
		results = m.Results()
	}
	for i := range results {
		v := &Value{Name: name, Role: Result, Node: n}
		if i > 0 {
			v.Name = fmt.Sprintf("%s:%d", name, i)
		}
		n.Outputs = append(n.Outputs, v)
	}
	return n
}

// defaultType is the type of result i that the first signature for n's inputs
// gives, float32 where none decides.
func (n *Node) defaultType(i int) Type {
	in := n.inputTypes()
	for _, s := range n.Op.Signatures() {
		t, ok := s.prescribes(in, i)
		if ok && s.Matches(in, nil) {
			return t
		}
	}
	return Float32
}

// Node returns the node of that name.
func (g *Graph) Node(name string) (*Node, bool) {
	for _, n := range g.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return nil, false
}

// Param returns the parameter of that name.
func (g *Graph) Param(name string) (*Value, bool) {
	for _, p := range g.Params {
		if p.Name == name {
			return p, true
		}
	}
	return nil, false
}

// Consumers returns the nodes that read v, each once, in order.
func (g *Graph) Consumers(v *Value) []*Node {
	var users []*Node
	for _, n := range g.Nodes {
		if slices.Contains(n.Inputs, v) {
			users = append(users, n)
		}
	}
	return users
}

// Reads counts how often every value is read: as an operand, an output, or an auxiliary output.
func (g *Graph) Reads() map[*Value]int {
	reads := map[*Value]int{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			reads[v]++
		}
	}
	for _, v := range slices.Concat(g.Outputs, g.Auxiliary) {
		reads[v]++
	}
	return reads
}

// IsOutput reports whether v is an output of the graph, auxiliary ones included.
func (g *Graph) IsOutput(v *Value) bool {
	return slices.Contains(g.Outputs, v) || slices.Contains(g.Auxiliary, v)
}

// SoleConsumer returns the only node that reads v, or nil when there are none
// or several or when v is an output of the graph: the condition under which a
// producer may be fused with its consumer.
func (g *Graph) SoleConsumer(v *Value) *Node {
	users := g.Consumers(v)
	if len(users) != 1 || g.IsOutput(v) {
		return nil
	}
	return users[0]
}

// ReplaceUses makes every reader of old, and the graph's outputs, read new.
// except names nodes that keep reading old.
func (g *Graph) ReplaceUses(old, new *Value, except ...*Node) {
	for _, n := range g.Nodes {
		if slices.Contains(except, n) {
			continue
		}
		for i, v := range n.Inputs {
			if v == old {
				n.Inputs[i] = new
			}
		}
	}
	for _, results := range [][]*Value{g.Outputs, g.Auxiliary} {
		for i, v := range results {
			if v == old {
				results[i] = new
			}
		}
	}
}

// Prune removes the nodes and parameters that no output needs, auxiliary ones included.
func (g *Graph) Prune() {
	live := g.needed(slices.Concat(g.Outputs, g.Auxiliary))
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n *Node) bool { return !n.live(live) })
	g.Params = slices.DeleteFunc(g.Params, func(v *Value) bool { return !live[v] })
}

// needed returns the values that the given ones are computed from, themselves
// included.
func (g *Graph) needed(values []*Value) map[*Value]bool {
	live := map[*Value]bool{}
	for _, v := range values {
		live[v] = true
	}
	for _, n := range slices.Backward(g.Nodes) {
		if n.live(live) {
			for _, v := range n.Inputs {
				live[v] = true
			}
		}
	}
	return live
}

// live reports whether one of n's results is needed.
func (n *Node) live(needed map[*Value]bool) bool {
	return slices.ContainsFunc(n.Outputs, func(v *Value) bool { return needed[v] })
}

// Running returns the part of g that computes its outputs. Nodes and values are those of
// g itself, not copies; without auxiliary outputs it is g.
func (g *Graph) Running() *Graph {
	if len(g.Auxiliary) == 0 {
		return g
	}
	live := g.needed(g.Outputs)
	r := *g
	r.Auxiliary, r.Nodes, r.Params = nil, nil, nil
	for _, n := range g.Nodes {
		if n.live(live) {
			r.Nodes = append(r.Nodes, n)
		}
	}
	for _, v := range g.Params {
		if live[v] {
			r.Params = append(r.Params, v)
		}
	}
	return &r
}

// Clone returns a copy that can be changed without changing g. Parameter data
// is shared, since tensors are not written once they are in a graph.
func (g *Graph) Clone() *Graph {
	seen := map[*Value]*Value{}
	copyValue := func(v *Value) *Value {
		c := *v
		seen[v] = &c
		return &c
	}
	c := &Graph{Name: g.Name, Numerics: g.Numerics, Idle: slices.Clone(g.Idle)}
	for _, v := range g.Inputs {
		c.Inputs = append(c.Inputs, copyValue(v))
	}
	for _, v := range g.Params {
		c.Params = append(c.Params, copyValue(v))
	}
	for _, n := range g.Nodes {
		m := &Node{Name: n.Name, Op: n.Op, Note: n.Note, Inputs: make([]*Value, len(n.Inputs))}
		for i, v := range n.Inputs {
			m.Inputs[i] = seen[v]
		}
		for _, v := range n.Outputs {
			r := copyValue(v)
			r.Node = m
			m.Outputs = append(m.Outputs, r)
		}
		c.Nodes = append(c.Nodes, m)
	}
	for _, v := range g.Outputs {
		c.Outputs = append(c.Outputs, seen[v])
	}
	for _, v := range g.Auxiliary {
		c.Auxiliary = append(c.Auxiliary, seen[v])
	}
	return c
}

// Validate checks what every stage relies on: unique names, values defined
// before use and registered, outputs present, quantized types with parameters,
// bound data of the declared type. Errors name the node.
func (g *Graph) Validate() error {
	defined := map[*Value]bool{}
	names := map[string]bool{}
	define := func(v *Value) error {
		if names[v.Name] {
			return fmt.Errorf("%s: two values are called %q", g.Name, v.Name)
		}
		names[v.Name], defined[v] = true, true
		if v.Type.DType.IsQuantized() != (v.Type.Q != nil) {
			return fmt.Errorf("%s: value %q is %v with %v", g.Name, v.Name, v.Type.DType, v.Type.Q)
		}
		return nil
	}
	for _, v := range slices.Concat(g.Inputs, g.Params) {
		if err := define(v); err != nil {
			return err
		}
		if v.Data != nil && (v.Data.DType() != v.Type.DType || !v.Data.Shape().Equal(v.Type.Shape)) {
			return fmt.Errorf("%s: parameter %q is declared %v and bound to %v", g.Name, v.Name, v.Type, v.Data)
		}
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if !defined[v] {
				return fmt.Errorf("%s: node %q reads %q before it is computed", g.Name, n.Name, v.Name)
			}
		}
		if len(n.Outputs) == 0 {
			return fmt.Errorf("%s: node %q has no result", g.Name, n.Name)
		}
		for _, v := range n.Outputs {
			if err := define(v); err != nil {
				return err
			}
		}
	}
	if len(g.Outputs) == 0 {
		return fmt.Errorf("%s: the graph has no output", g.Name)
	}
	for _, v := range slices.Concat(g.Outputs, g.Auxiliary) {
		if !defined[v] {
			return fmt.Errorf("%s: output %q is computed by no node", g.Name, v.Name)
		}
	}
	return nil
}
