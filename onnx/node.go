package onnx

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
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
	if folded, err := n.fold(name, op, in); folded != nil || err != nil {
		return folded, err
	}
	return n.add(name, op, in...)
}

// add appends a node to the graph, and finds what is known of its results.
func (n *node) add(name string, op graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	in, err := n.accepted(op, in)
	if err != nil {
		return nil, err
	}
	added := n.graph.AddNode(name, op, in...).Node
	if err := added.CheckSignature(); err != nil {
		return nil, err
	}
	return added.Outputs, n.learn(added)
}

// learn adds the facts of a node's results, if all of its operands are known.
func (b *builder) learn(n *graph.Node) error {
	if b.facts == nil {
		return nil
	}
	for _, v := range n.Inputs {
		if _, ok := b.facts[v]; ok {
			continue
		}
		if v.Role != graph.Parameter {
			return nil
		}
		b.facts[v] = graph.Fact{Type: v.Type, Data: v.Data}
	}
	return b.graph.InferNode(n, b.facts)
}

// constantOf is the data of a value that does not depend on those of the inputs, nil where
// it does or that is not known.
func (b *builder) constantOf(v *graph.Value) *tensor.Tensor {
	if v.Role == graph.Parameter {
		return v.Data
	}
	return b.facts[v].Data
}

// A run may be ended, but not the reading of a file, and a small file may describe constants of
// any size: folding takes so many steps of a whole file beyond a few for each element, some tenths
// of a second, and an operator whose steps are not counted has operands and results of so many
// elements. A node that is not folded is computed in the run.
const (
	maxSteps     = 1 << 27
	maxUncounted = 1 << 12
)

// steps returns how many steps an operator of constants takes beyond a few for each element, or
// that they are not counted.
func steps(o graph.Op, in []*tensor.Tensor, out []graph.Type) (count int64, counted bool) {
	size := out[0].Shape.Numel()
	window := func(kernel ...int) (int64, bool) { return product(append([]int{size}, kernel...)...), true }
	switch o := o.(type) {
	case op.MatMul, op.IntegerMatMul, op.Linear:
		shape := in[0].Shape()
		return window(shape[len(shape)-1])
	case op.Conv2D, op.ConvND, op.IntegerConv2D, op.DeformConv:
		return window(in[1].Shape()[1:]...)
	case op.ConvTranspose2D:
		return product(append([]int{in[0].Numel()}, in[1].Shape()[1:]...)...), true
	case op.MaxPool2D:
		return window(o.Kernel[:]...)
	case op.AvgPool2D:
		return window(o.Kernel[:]...)
	case op.PoolND:
		return window(o.Kernel...)
	case op.LocalResponseNorm:
		return window(o.Size)
	case op.ROIAlign:
		return window(in[0].Numel(), o.SamplingRatio, o.SamplingRatio)
	case op.Einsum: // all of one operand with all of the others, at most
		sizes := make([]int, len(in))
		for i, t := range in {
			sizes[i] = t.Numel()
		}
		return product(sizes...), true
	case op.DFT, op.Det, op.LSTM, op.GRU, op.RNN, op.NonMaxSuppression, op.TfIdf:
		return 0, false
	}
	return 0, true
}

// product is that of numbers, of which those below 1 do not count; more than maxSteps is one more.
func product(numbers ...int) int64 {
	p := int64(1)
	for _, n := range numbers {
		if p *= int64(min(max(1, n), maxSteps+1)); p > maxSteps {
			return maxSteps + 1
		}
	}
	return p
}

// affordable reports whether an operator of constants may be computed while a file is read, and
// counts its steps.
func (b *builder) affordable(o graph.Op, in []*tensor.Tensor, out []graph.Type) bool {
	count, counted := steps(o, in, out)
	if !counted {
		large := func(s tensor.Shape) bool { return s.Numel() > maxUncounted }
		return !slices.ContainsFunc(out, func(t graph.Type) bool { return large(t.Shape) }) &&
			!slices.ContainsFunc(in, func(t *tensor.Tensor) bool { return large(t.Shape()) })
	}
	if b.steps+count > maxSteps {
		return false
	}
	b.steps += count
	return true
}

// fold computes an operator of constants; nil where an operand is none, or the result
// would be too large or take too long.
func (n *node) fold(name string, o graph.Op, in []*graph.Value) ([]*graph.Value, error) {
	var data []*tensor.Tensor
	for _, v := range in {
		if v.Role != graph.Parameter || v.Type.DType.IsQuantized() {
			return nil, nil
		}
		data = append(data, v.Data)
	}
	// Eval relies on what the signatures say.
	if err := graph.New("").AddNode(name, o, in...).Node.CheckSignature(); err != nil {
		return nil, err
	}
	types, err := o.Infer(graph.FactsOf(data...))
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		if size, err := t.Shape.CheckedNumel(); err != nil || size > maxFolded {
			return nil, err
		}
	}
	if !n.affordable(o, data, types) {
		return nil, nil
	}
	results, err := o.Eval(graph.Context{}, data, types)
	if err != nil {
		return nil, err
	}
	values := make([]*graph.Value, len(results))
	for i, t := range results {
		if i > 0 {
			name = fmt.Sprintf("%s:%d", name, i)
		}
		values[i] = n.graph.AddConst(name, t)
	}
	return values, nil
}

// constant adds a tensor that the node needs beside its inputs.
func (n *node) constant(t *tensor.Tensor) *graph.Value {
	n.parts++
	return n.graph.AddConst(n.first()+"/constant_"+strconv.Itoa(n.parts), t)
}

// known returns the elements of input i, which must be a constant, or follow from shapes that are known.
func (n *node) known(i int, what string) (*tensor.Tensor, error) {
	if t := n.constantOf(n.in[i]); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("its %s is %w; a constant is needed, which octet.WithInput makes of an input", what, graph.ErrComputed)
}
