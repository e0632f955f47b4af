package compare

import (
	"context"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// alone runs the int8 nodes of a graph side by side, each on what the reference
// computes in front of it:
//
//	isolated    codes of the inputs -> the node
//	introduced  the node's result in float with dequantized weights, or the
//	            reference's result -> codes of the result
//
// The isolated ones stand in one graph, whose inputs are values of the reference.
type alone struct {
	graph      *graph.Graph
	session    *engine.Session  // nil where there is nothing to run
	inputs     []string         // the values that are the graph's inputs
	isolated   map[string]*node // by name of the result
	introduced []rounding
}

// rounding is what a node introduces: the codes of a value of the reference, or of one
// that weighted computes.
type rounding struct {
	of   *node
	real string
}

type aloneBuilder struct {
	want   *graph.Graph
	g      *graph.Graph
	values map[string]*graph.Value // inputs and conversions, by name

	alone    *alone
	weighted *weighted
}

// newAlone builds the graph of the int8 nodes among nodes.
func newAlone(want, got *graph.Graph, nodes []*node, w *weighted) (*alone, error) {
	b := aloneBuilder{want: want, g: graph.New(got.Name), values: map[string]*graph.Value{},
		alone: &alone{isolated: map[string]*node{}}, weighted: w}
	b.g.Numerics = got.Numerics
	for _, n := range nodes {
		if !onCodes(n.Node) {
			continue
		}
		if err := b.node(n); err != nil {
			return nil, fmt.Errorf("%s: node %q: %w", got.Name, n.Name, err)
		}
	}
	b.alone.graph, b.alone.inputs = b.finish()
	return b.alone, nil
}

// finish gives the graph its output, and the names of its inputs.
func (b *aloneBuilder) finish() (*graph.Graph, []string) {
	if len(b.g.Nodes) == 0 {
		return b.g, nil
	}
	b.g.Outputs = []*graph.Value{b.g.Nodes[len(b.g.Nodes)-1].Output()}
	var inputs []string
	for _, v := range b.g.Inputs {
		inputs = append(inputs, v.Name)
	}
	return b.g, inputs
}

// compile shares the layers of the whole graph.
func (a *alone) compile(opts Options, whole *engine.Program) (err error) {
	if len(a.graph.Nodes) > 0 {
		a.session, err = session(a.graph, opts, whole)
	}
	return err
}

func (b *aloneBuilder) node(n *node) error {
	if !steered(n.Node) {
		b.isolated(n)
	}
	if moves(n.Node) || n.quantizedReference {
		return nil
	}
	real := n.Name
	if w := op.WeightOf(n.Node); w != nil {
		if !w.Type.DType.IsQuantized() {
			return nil
		}
		var err error
		if real, err = b.weighted.node(n); err != nil {
			return err
		}
	}
	if t := n.Output().Type; t.DType.IsQuantized() {
		if !t.Q.IsPerTensor() {
			return fmt.Errorf("its result is %v; results are compared that have one scale", t)
		}
		b.alone.introduced = append(b.alone.introduced, rounding{n, real})
	}
	return nil
}

// isolated adds the node on codes of the reference's inputs.
func (b *aloneBuilder) isolated(n *node) {
	in := make([]*graph.Value, len(n.Inputs))
	for i, v := range n.Inputs {
		if v.Role == graph.Parameter {
			in[i] = b.constant(v.Name, v.Data)
		} else {
			in[i] = b.as(b.source(v), v.Type)
		}
	}
	y := b.g.AddNode("alone "+n.Name, n.Op, in...)
	y.Type = n.Output().Type
	b.alone.isolated[y.Name] = n
}

// source names the reference's value that v is computed from without other
// nodes than conversions of got's own.
func (b *aloneBuilder) source(v *graph.Value) string {
	for v.Node != nil {
		if _, ok := result(b.want, v.Name); ok {
			break
		}
		v = v.Node.Inputs[0]
	}
	return v.Name
}

// as gives a value of the reference in a type: an input of the graph, or made of
// one by conversions.
func (b *aloneBuilder) as(name string, t graph.Type) *graph.Value {
	v := b.input(name)
	if v.Type.DType.IsQuantized() && !(t.DType == v.Type.DType && t.Q.Equal(v.Type.Q)) {
		v = b.convert("real "+name, op.Dequantize{}, graph.Float32, v)
	}
	if t.DType.IsQuantized() && !v.Type.DType.IsQuantized() {
		v = b.convert(fmt.Sprintf("%v of %s", t, name), op.Quantize{}, graph.Type{DType: t.DType, Q: t.Q}, v)
	}
	return v
}

func (b *aloneBuilder) input(name string) *graph.Value {
	if v, ok := b.values[name]; ok {
		return v
	}
	t := graph.Float32
	if v, ok := result(b.want, name); ok {
		t = graph.Type{DType: v.Type.DType, Q: v.Type.Q}
	}
	b.values[name] = b.g.AddInput(name, t)
	return b.values[name]
}

func (b *aloneBuilder) convert(name string, o graph.Op, t graph.Type, from *graph.Value) *graph.Value {
	if v, ok := b.values[name]; ok {
		return v
	}
	v := b.g.AddNode(name, o, from)
	v.Type = t
	b.values[name] = v
	return v
}

// constant is a parameter, declared once.
func (b *aloneBuilder) constant(name string, data *tensor.Tensor) *graph.Value {
	if v, ok := b.values["parameter "+name]; ok {
		return v
	}
	v := b.g.AddConst("parameter "+name, data)
	b.values["parameter "+name] = v
	return v
}

// add runs the nodes on values of the reference.
func (a *alone) add(ctx context.Context, values map[string]*tensor.Tensor) error {
	if a.session == nil {
		return nil
	}
	inputs := make([]*tensor.Tensor, len(a.inputs))
	for i, name := range a.inputs {
		inputs[i] = values[name]
	}
	err := a.session.RunViewed(ctx, func(v *graph.Value, t *tensor.Tensor) error {
		n, ok := a.isolated[v.Name]
		if !ok {
			return nil
		}
		want := values[n.Name]
		n.differAlone.add(want, t)
		return addNoise(&n.isolated, want, t)
	}, inputs...)
	if err != nil {
		return err
	}
	for _, r := range a.introduced {
		want := values[r.of.Name].Float32s()
		r.of.introduced.addRounded(want, values[r.real].Float32s(), r.of.Output().Type)
	}
	return nil
}

// steered reports whether n takes whole numbers that other nodes compute, such as a shape or
// indices: it moves codes, and cannot be had without those nodes.
func steered(n *graph.Node) bool {
	return slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool {
		return v.Role != graph.Parameter && v.Type.DType == tensor.Int64
	})
}

// moves reports whether n gives codes that mean what its input's do, because it
// selects, moves or averages them.
func moves(n *graph.Node) bool {
	in, out := n.Inputs[0].Type, n.Output().Type
	return in.DType.IsQuantized() && in.DType == out.DType && in.Q.Equal(out.Q) && op.WeightOf(n) == nil
}
