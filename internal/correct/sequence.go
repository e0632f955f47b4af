package correct

import (
	"context"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// facts are what the shapes of a sample tell.
type facts map[*graph.Value]graph.Fact

// sequence runs a graph node by node, all samples at a time.
type sequence struct {
	g       *graph.Graph
	nodes   []*graph.Node // those that the layers need, in order
	threads int
	facts   []*facts // of each sample; samples of the same shapes share them
	values  map[*graph.Value][]*tensor.Tensor
	readers map[*graph.Value]int // nodes still to be computed that read it
}

func newSequence(g *graph.Graph, layers []*layer, samples [][]*tensor.Tensor, threads int) (*sequence, error) {
	s := &sequence{g: g.Running(), threads: threads, values: map[*graph.Value][]*tensor.Tensor{}, readers: map[*graph.Value]int{}}
	known := map[string]*facts{}
	for _, in := range samples {
		var shapes []tensor.Shape
		for _, x := range in {
			shapes = append(shapes, x.Shape())
		}
		key := fmt.Sprint(shapes)
		if known[key] == nil {
			inferred, err := s.g.Infer(shapes...)
			if err != nil {
				return nil, err
			}
			known[key] = (*facts)(&inferred)
		}
		s.facts = append(s.facts, known[key])
	}
	for i, v := range s.g.Inputs {
		for _, in := range samples {
			s.values[v] = append(s.values[v], in[i])
		}
	}
	s.need(layers)
	return s, nil
}

// need lists the nodes that the layers, which are in order, are computed from.
func (s *sequence) need(layers []*layer) {
	last := map[*graph.Node]bool{}
	needed := map[*graph.Value]bool{}
	for _, l := range layers {
		last[l.node] = true
	}
	for i := len(s.g.Nodes) - 1; i >= 0; i-- {
		n := s.g.Nodes[i]
		wanted := last[n]
		for _, v := range n.Outputs {
			wanted = wanted || needed[v]
		}
		if !wanted {
			continue
		}
		for _, v := range n.Inputs {
			needed[v] = true
			s.readers[v]++
		}
		s.nodes = append(s.nodes, n)
	}
	slices.Reverse(s.nodes)
}

// read gives a value of every sample.
func (s *sequence) read(v *graph.Value) []*tensor.Tensor { return s.values[v] }

// compute runs n on every sample.
func (s *sequence) compute(ctx context.Context, n *graph.Node) error {
	if s.wanted(n) {
		if err := s.run(ctx, n); err != nil {
			return fmt.Errorf("%s: node %q: %w", s.g.Name, n.Name, err)
		}
	}
	for _, v := range n.Inputs {
		if s.readers[v]--; s.readers[v] == 0 {
			delete(s.values, v)
		}
	}
	return nil
}

// wanted reports whether a node reads n's results.
func (s *sequence) wanted(n *graph.Node) bool {
	for _, v := range n.Outputs {
		if s.readers[v] > 0 {
			return true
		}
	}
	return false
}

func (s *sequence) run(ctx context.Context, n *graph.Node) error {
	var alone *single
	for i, of := range s.facts {
		if alone == nil || i > 0 && of != s.facts[i-1] {
			var err error
			if alone, err = s.alone(n, *of); err != nil {
				return err
			}
		}
		in := make([]*tensor.Tensor, len(alone.inputs))
		for k, v := range alone.inputs {
			in[k] = s.values[v][i]
		}
		results, err := alone.session.Run(ctx, in...)
		if err != nil {
			return err
		}
		for k, v := range n.Outputs {
			s.values[v] = append(s.values[v], results[k])
		}
	}
	return nil
}

// single is a node as a graph.
type single struct {
	session *engine.Session
	inputs  []*graph.Value // of its operands, those that are not constants
}

// alone makes a graph of n; what the shapes of the sample tell are constants.
func (s *sequence) alone(n *graph.Node, known facts) (*single, error) {
	g := graph.New(s.g.Name)
	g.Numerics = s.g.Numerics
	out := &single{}
	copies := map[*graph.Value]*graph.Value{}
	var operands []*graph.Value
	for _, v := range n.Inputs {
		if copies[v] == nil {
			data := known[v].Data
			if v.Role == graph.Parameter {
				data = v.Data // which was corrected since
			}
			if data != nil {
				copies[v] = g.AddConst(v.Name, data)
			} else {
				copies[v] = g.AddInput(v.Name, graph.Type{DType: v.Type.DType, Q: v.Type.Q})
				out.inputs = append(out.inputs, v)
			}
		}
		operands = append(operands, copies[v])
	}
	g.AddNode(n.Name, n.Op, operands...)
	made := g.Nodes[0]
	for k, v := range n.Outputs {
		made.Outputs[k].Type = v.Type
	}
	g.Outputs = made.Outputs
	p, err := engine.Compile(g, engine.Options{Threads: s.threads})
	if err != nil {
		return nil, err
	}
	out.session = p.NewSession()
	return out, nil
}
