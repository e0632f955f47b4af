package assemble

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// maxFolded limits the elements of a constant that is computed while a graph is built.
const maxFolded = 1 << 26

// Builder adds operators to a graph.
type Builder struct {
	Graph *graph.Graph // what is built; never nil
	// Facts are what is known of values while the graph is built; nil where sizes of
	// inputs are free.
	Facts map[*graph.Value]graph.Fact
	steps int64 // that folding took, of maxSteps
}

// Apply adds a node, or, of constants, computes what it would.
func (b *Builder) Apply(name string, o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	if folded, err := b.Fold(name, o, in...); folded != nil || err != nil {
		return folded, err
	}
	return b.Add(name, o, in...)
}

// Add appends a node to the graph, and finds what is known of its results.
func (b *Builder) Add(name string, o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	added := b.Graph.AddNode(name, o, in...).Node
	if err := added.CheckSignature(); err != nil {
		return nil, err
	}
	return added.Outputs, b.Learn(added)
}

// Learn adds the facts of a node's results, if all of its operands are known.
func (b *Builder) Learn(n *graph.Node) error {
	if b.Facts == nil {
		return nil
	}
	for _, v := range n.Inputs {
		if _, ok := b.Facts[v]; ok {
			continue
		}
		if v.Role != graph.Parameter {
			return nil
		}
		b.Facts[v] = graph.Fact{Type: v.Type, Data: v.Data}
	}
	return b.Graph.InferNode(n, b.Facts)
}

// ConstantOf is the data of a value that does not depend on those of the inputs, nil where
// it does or that is not known.
func (b *Builder) ConstantOf(v *graph.Value) *tensor.Tensor {
	if v.Role == graph.Parameter {
		return v.Data
	}
	return b.Facts[v].Data
}

// Fold computes an operator of constants; nil where an operand is none, or the result
// would be too large or take too long.
func (b *Builder) Fold(name string, o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
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
	if !b.affordable(o, data, types) {
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
		values[i] = b.Graph.AddConst(name, t)
	}
	return values, nil
}
