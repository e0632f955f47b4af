package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Session runs a Program. It is safe for concurrent use: each run takes its own
// memory from a pool. Runs that overlap share the program's threads: each has the one
// that called, and what is left helps one of them at a time.
type Session struct {
	p *Program

	mu    sync.Mutex
	plans []*plan // the most recently used last
}

var _ Engine = (*Session)(nil)

// maxPlans bounds the memory that inputs of ever changing sizes leave behind.
const maxPlans = 4

// NewSession returns a session. Its memory is released with it.
func (p *Program) NewSession() *Session { return &Session{p: p} }

// Program returns what the session runs.
func (s *Session) Program() *Program { return s.p }

// Run computes the graph's outputs as new tensors.
func (s *Session) Run(ctx context.Context, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	return s.RunTapped(ctx, nil, inputs...)
}

// RunInto is Run into tensors of the caller, of the types that OutputTypes
// returns. From the second run with inputs of a shape on it allocates nothing.
func (s *Session) RunInto(ctx context.Context, outputs []*tensor.Tensor, inputs ...*tensor.Tensor) error {
	f, err := s.begin(s.p.fused, inputs)
	if err != nil {
		return err
	}
	defer f.plan.free.put(f)
	return s.computeInto(ctx, f, outputs, nil)
}

// RunTimed is RunInto that also says how long each node took: took has an entry
// for every node of the graph, in order; 0 where nothing is computed, as for an
// addition that another node computes, see NodePlan.With.
func (s *Session) RunTimed(ctx context.Context, took []time.Duration, outputs []*tensor.Tensor, inputs ...*tensor.Tensor) error {
	if len(took) != len(s.p.lowered) {
		return fmt.Errorf("%s has %d nodes, got room for the times of %d", s.p.g.Name, len(s.p.lowered), len(took))
	}
	f, err := s.begin(s.p.fused, inputs)
	if err != nil {
		return err
	}
	defer f.plan.free.put(f)
	begun := time.Now()
	return s.computeInto(ctx, f, outputs, func(_ *frame, node, steps int) error {
		now := time.Now()
		took[node], begun = now.Sub(begun), now
		if steps == 0 {
			took[node] = 0
		}
		return nil
	})
}

// RunTapped is Run that hands the results of every node to tap.
func (s *Session) RunTapped(ctx context.Context, tap Tap, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	list := s.p.lowered
	if tap == nil {
		list = s.p.fused
	}
	f, err := s.begin(list, inputs)
	if err != nil {
		return nil, err
	}
	defer f.plan.free.put(f)
	var last *frame
	if tap == nil {
		last, err = s.compute(ctx, f, nil)
	} else {
		last, err = s.each(ctx, f, func(f *frame, v int) error { return tap(s.p.values[v], f.tensor(v)) })
	}
	if err != nil {
		return nil, err
	}
	outputs := make([]*tensor.Tensor, len(last.plan.outputs))
	for i, v := range last.plan.outputs {
		outputs[i] = last.tensor(v)
	}
	return outputs, nil
}

// RunObserved runs and hands the wanted values to observe without copying them.
func (s *Session) RunObserved(ctx context.Context, want map[*graph.Value]bool, observe Observe, inputs ...*tensor.Tensor) error {
	if err := checkWanted(s.p.g, want); err != nil {
		return err
	}
	f, err := s.begin(s.p.lowered, inputs)
	if err != nil {
		return err
	}
	defer f.plan.free.put(f)
	see := func(f *frame, v int) error {
		if !want[s.p.values[v]] {
			return nil
		}
		return observe(s.p.values[v], f.usual(v).reals(), f.plan.values[v].Shape)
	}
	for i, v := range s.p.g.Inputs {
		if want[v] && f.plan.inputs[i].fromTensor {
			f.plan.inputs[i].all(&f.move, f.values[i], elementsOf(inputs[i]))
		}
		if err := see(f, i); err != nil {
			return err
		}
	}
	_, err = s.each(ctx, f, see)
	return err
}

// OutputTypes returns the types, with shapes, of the outputs for inputs of the
// given shapes. It is an error if one depends on data.
func (s *Session) OutputTypes(inputs ...tensor.Shape) ([]graph.Type, error) {
	facts, err := s.p.g.Infer(inputs...)
	if err != nil {
		return nil, err
	}
	out := make([]graph.Type, len(s.p.g.Outputs))
	for i, v := range s.p.g.Outputs {
		if facts[v].Deferred {
			return nil, fmt.Errorf("%s: the size of output %q depends on the data of the inputs; Run tells it", s.p.g.Name, v.Name)
		}
		out[i] = facts[v].Type
	}
	return out, nil
}

// begin returns the memory for a run of list, with inputs loaded into it.
func (s *Session) begin(list []lowered, inputs []*tensor.Tensor) (*frame, error) {
	f, err := s.take(list, inputs)
	if err != nil {
		return nil, err
	}
	f.load(inputs)
	return f, nil
}

// compute runs all steps. After each node it calls visit, unless that is nil, with the
// memory that holds the node's results and the number of steps that it took. It returns the
// memory that holds the outputs.
func (s *Session) compute(ctx context.Context, f *frame, visit func(f *frame, node, steps int) error) (*frame, error) {
	s.p.pool.Enter()
	defer s.p.pool.Leave()
	at := 0
	for node, n := range s.p.g.Nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		from, end := at, f.plan.ends[node-f.plan.first]
		for ; at < end; at++ {
			if err := f.steps[at].exec(s.p.pool); err != nil {
				return nil, nodeError(s.p.g, n, err)
			}
		}
		steps := at - from
		if f.plan.deferring && node == f.plan.end-1 {
			var err error
			if f, err = s.follow(f); err != nil {
				return nil, err
			}
			at = 0
		}
		if visit == nil {
			continue
		}
		if err := visit(f, node, steps); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// each runs all steps, and calls visit with every result of a node, in node order.
func (s *Session) each(ctx context.Context, f *frame, visit func(f *frame, v int) error) (*frame, error) {
	return s.compute(ctx, f, func(f *frame, node, _ int) error {
		for _, v := range f.plan.of[node].outputs {
			if err := visit(f, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// computeInto is compute that copies the outputs to tensors of the caller. Those are
// checked before the run, or, where output shapes depend on data, once these are known.
func (s *Session) computeInto(ctx context.Context, f *frame, outputs []*tensor.Tensor, visit func(f *frame, node, steps int) error) error {
	if !f.plan.deferring {
		if err := s.checkOutputs(f, outputs); err != nil {
			return err
		}
	}
	last, err := s.compute(ctx, f, visit)
	if err != nil {
		return err
	}
	if last != f {
		if err := s.checkOutputs(last, outputs); err != nil {
			return err
		}
	}
	for i, v := range last.plan.outputs {
		copy(elementsOf(outputs[i]), last.values[v])
		flip(elementsOf(outputs[i]), outputs[i].DType())
	}
	return nil
}

// checkOutputs compares tensors of the caller with the outputs, which are in f.
func (s *Session) checkOutputs(f *frame, outputs []*tensor.Tensor) error {
	if len(outputs) != len(f.plan.outputs) {
		return fmt.Errorf("%s gives %d outputs, got %d tensors for them", s.p.g.Name, len(f.plan.outputs), len(outputs))
	}
	for i, v := range f.plan.outputs {
		t, want := outputs[i], &f.plan.values[v].Type
		if t == nil || t.DType() != want.DType || !t.Shape().Equal(want.Shape) || !t.QParams().Equal(want.Q) {
			return fmt.Errorf("%s: output %q is %v; the tensor given for it is %v", s.p.g.Name, s.p.g.Outputs[i].Name, *want, t)
		}
	}
	return nil
}

// take returns the memory for a run of list on inputs.
func (s *Session) take(list []lowered, inputs []*tensor.Tensor) (*frame, error) {
	if err := matchInputs(s.p.g, inputs); err != nil {
		return nil, err
	}
	pl, err := s.planFor(list, inputs)
	if err != nil {
		return nil, err
	}
	if f := pl.free.get(); f != nil {
		return f, nil
	}
	return s.p.newFrame(pl, nil), nil
}

func (s *Session) planFor(list []lowered, inputs []*tensor.Tensor) (*plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, pl := range slices.Backward(s.plans) {
		if pl.fits(list, inputs) {
			recent(s.plans, i)
			return pl, nil
		}
	}
	shapes, err := checkInputs(s.p.g, inputs)
	if err != nil {
		return nil, err
	}
	pl, err := s.p.plan(list, shapes)
	if err != nil {
		return nil, err
	}
	pl.free.limit = s.p.Threads() + 1
	s.plans = keepRecent(s.plans, pl, maxPlans)
	return pl, nil
}
