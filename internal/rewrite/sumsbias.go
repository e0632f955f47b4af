package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// biasOfSums makes the constant that is added to the numbers of a linear layer on codes its
// bias: ONNX has such layers of more than two axes as a product and a sum. Both round the
// scaled sum and then the result, so that the bits stay.
func biasOfSums(g *graph.Graph) (changed bool, err error) {
	for _, n := range g.Nodes {
		add, ok := n.Op.(op.Add)
		if !ok {
			continue
		}
		for i, v := range n.Inputs {
			p := n.Inputs[1-i].Node
			if p == nil || v.Role != graph.Parameter || v.Type.DType != tensor.Float32 || g.SoleConsumer(p.Output()) != n || g.IsOutput(p.Output()) {
				continue
			}
			if made := biasOfWeightOnly(p, v); made != nil && add.Act == quant.NoActivation {
				n.Op, n.Inputs = made, append(slices.Clone(p.Inputs), v)
				changed = true
				break
			}
			l, ok := p.Op.(op.Linear)
			if !ok || l.Act != quant.NoActivation || len(p.Inputs) != 2 || !p.Inputs[0].Type.DType.IsQuantized() || p.Output().Type.DType != tensor.Float32 {
				continue
			}
			if w := p.Inputs[1].Type.Shape; len(w) == 2 && v.Type.Shape.Equal(tensor.Shape{w[0]}) {
				n.Op, n.Inputs = op.Linear(add), append(slices.Clone(p.Inputs), v)
				changed = true
				break
			}
		}
	}
	return changed, nil
}

// biasOfWeightOnly is the operator of p with the bias v, nil where p takes none.
func biasOfWeightOnly(p *graph.Node, v *graph.Value) graph.Op {
	l, ok := p.Op.(op.WeightOnlyLinear)
	if !ok || l.Linear.Act != quant.NoActivation || len(p.Inputs) != 2 {
		return nil
	}
	w, err := l.Matrix(p.Inputs[1].Type.Shape)
	if err != nil || !v.Type.Shape.Equal(tensor.Shape{w[0]}) {
		return nil
	}
	return l
}
