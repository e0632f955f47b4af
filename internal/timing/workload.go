package timing

import (
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Workload is a compiled graph with its inputs and room for its outputs.
type Workload struct {
	Session *engine.Session   // runs Graph
	Graph   *graph.Graph      // as it runs: without nodes that lead nowhere
	Plan    []engine.NodePlan // of Graph, node by node
	Inputs  []*tensor.Tensor  // what it is run on, in the graph's order
}

// NewWorkload compiles g.
func NewWorkload(g *graph.Graph, o engine.Options, inputs ...*tensor.Tensor) (*Workload, error) {
	p, err := engine.Compile(g, o)
	if err != nil {
		return nil, err
	}
	plan, err := p.Plan(shapesOf(inputs)...)
	if err != nil {
		return nil, err
	}
	return &Workload{p.NewSession(), p.Graph(), plan, inputs}, nil
}

func shapesOf(list []*tensor.Tensor) []tensor.Shape {
	shapes := make([]tensor.Shape, len(list))
	for i, t := range list {
		shapes[i] = t.Shape()
	}
	return shapes
}

// Outputs makes tensors for the results of one run.
func (w *Workload) Outputs() ([]*tensor.Tensor, error) {
	types, err := w.Session.OutputTypes(shapesOf(w.Inputs)...)
	if err != nil {
		return nil, err
	}
	out := make([]*tensor.Tensor, len(types))
	for i, t := range types {
		out[i] = tensor.New(t.DType, t.Shape...)
	}
	return out, nil
}
