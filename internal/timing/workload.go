package timing

import (
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Workload is a compiled graph with its input and room for its outputs.
type Workload struct {
	Session *engine.Session   // runs Graph
	Graph   *graph.Graph      // as it runs: without nodes that lead nowhere
	Plan    []engine.NodePlan // of Graph, node by node
	Input   *tensor.Tensor    // what it is run on
}

// NewWorkload compiles g.
func NewWorkload(g *graph.Graph, o engine.Options, x *tensor.Tensor) (*Workload, error) {
	p, err := engine.Compile(g, o)
	if err != nil {
		return nil, err
	}
	plan, err := p.Plan(x.Shape())
	if err != nil {
		return nil, err
	}
	return &Workload{p.NewSession(), p.Graph(), plan, x}, nil
}

// Outputs makes tensors for the results of one run.
func (w *Workload) Outputs() ([]*tensor.Tensor, error) {
	types, err := w.Session.OutputTypes(w.Input.Shape())
	if err != nil {
		return nil, err
	}
	out := make([]*tensor.Tensor, len(types))
	for i, t := range types {
		out[i] = tensor.New(t.DType, t.Shape...)
	}
	return out, nil
}
