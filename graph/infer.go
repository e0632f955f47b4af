package graph

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// ErrComputed is wrapped by errors of inference: an operator needs the data of an operand,
// such as the shape of a result, which only a run tells.
var ErrComputed = errors.New("computed from the data of the inputs")

// maxKnown limits the elements of a constant that is folded during inference: enough for
// every shape, index and size, too few to cost time.
const maxKnown = 1 << 12

// Infer returns the Fact of every value of g for inputs of the given shapes, except
// values needed only by auxiliary outputs. A Fact has the type, shape included, and the
// data of constants: values that follow from parameters and shapes, such as shape
// arithmetic (Shape, Gather, Cat ... in front of a Reshape). A value whose size is known
// only at run time is Deferred. The error names the first node whose types or shapes do
// not fit.
func (g *Graph) Infer(inputs ...tensor.Shape) (map[*Value]Fact, error) {
	facts, err := g.Facts(inputs...)
	if err != nil {
		return nil, err
	}
	for _, n := range g.Running().Nodes {
		if err := g.InferNode(n, facts); err != nil {
			return nil, err
		}
	}
	return facts, nil
}

// Facts returns the facts before any node is inferred: those of inputs, with the given
// shapes, and of parameters.
func (g *Graph) Facts(inputs ...tensor.Shape) (map[*Value]Fact, error) {
	if len(inputs) != len(g.Inputs) {
		return nil, fmt.Errorf("%s takes %d inputs, got %d", g.Name, len(g.Inputs), len(inputs))
	}
	facts := make(map[*Value]Fact, len(g.Nodes)+len(g.Params)+len(g.Inputs))
	for i, v := range g.Inputs {
		t := v.Type
		t.Shape = inputs[i]
		facts[v] = Fact{Type: t}
	}
	for _, v := range g.Params {
		facts[v] = Fact{Type: v.Type, Data: v.Data}
	}
	return facts, nil
}

// InferNode adds to facts those of the results of one node of g; the facts of its inputs
// must be there. The error names the node.
func (g *Graph) InferNode(n *Node, facts map[*Value]Fact) error {
	if err := n.infer(facts, g.Numerics); err != nil {
		return fmt.Errorf("%s: node %q (%s): %w", g.Name, n.Name, n.Op.Kind(), err)
	}
	return nil
}

// infer adds the facts of n's results.
func (n *Node) infer(facts map[*Value]Fact, numerics quant.Numerics) error {
	in := make([]Fact, len(n.Inputs))
	for i, v := range n.Inputs {
		if in[i] = facts[v]; in[i].Deferred {
			for _, v := range n.Outputs {
				t := v.Type
				t.Shape = nil
				facts[v] = Fact{Type: t, Deferred: true}
			}
			return nil
		}
	}
	types, err := n.Op.Infer(in)
	if err != nil {
		return err
	}
	if len(types) != len(n.Outputs) {
		return fmt.Errorf("the operator gives %d results, the node has %d", len(types), len(n.Outputs))
	}
	for i, v := range n.Outputs {
		if v.Type.DType.IsQuantized() {
			types[i].DType, types[i].Q = v.Type.DType, v.Type.Q
		}
		if types[i].DType != v.Type.DType {
			return fmt.Errorf("result %q is declared %v, and is %v", v.Name, v.Type.DType, types[i].DType)
		}
		facts[v] = Fact{Type: types[i]}
	}
	if d, ok := n.Op.(Deferring); ok && d.Defers(in) {
		for i, v := range n.Outputs {
			facts[v] = Fact{Type: types[i], Deferred: true}
		}
		return nil
	}
	data, err := n.known(in, types, numerics)
	for i, t := range data {
		facts[n.Outputs[i]] = Fact{Type: types[i], Data: t}
	}
	return err
}

// known folds n: it computes n's results where its inputs are constants and the results
// are small.
func (n *Node) known(in []Fact, out []Type, numerics quant.Numerics) ([]*tensor.Tensor, error) {
	if r, ok := n.Op.(ShapeReader); ok {
		types := make([]Type, len(in))
		for i, f := range in {
			types[i] = f.Type
		}
		return r.Read(types), nil
	}
	data := make([]*tensor.Tensor, len(in))
	for i, f := range in {
		if f.Data == nil || f.Shape.Numel() > maxKnown {
			return nil, nil
		}
		if err := f.Data.Load(); err != nil {
			return nil, err
		}
		data[i] = f.Data
	}
	for _, t := range out {
		if t.Shape.Numel() > maxKnown {
			return nil, nil
		}
	}
	return n.Op.Eval(Context{Numerics: numerics}, data, out)
}
