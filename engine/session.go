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
// memory from a pool. Runs that overlap share the program's threads: one uses
// them all, the others compute on the goroutine that called.
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
// tells. Once it has seen inputs of a size it allocates nothing.
func (s *Session) RunInto(ctx context.Context, outputs []*tensor.Tensor, inputs ...*tensor.Tensor) error {
	f, err := s.take(s.p.fused, inputs)
	if err != nil {
		return err
	}
	defer f.plan.free.put(f)
	if err := s.checkOutputs(f, outputs); err != nil {
		return err
	}
	f.load(inputs)
	for i := range f.steps {
		if err := s.step(ctx, f, i); err != nil {
			return err
		}
	}
	for i, v := range s.p.outputs {
		f.values[v].store(outputs[i])
	}
	return nil
}

// RunTimed is RunInto that also says how long each node took: took has an entry
// for every node of the graph, in order; 0 where nothing is computed, as for an
// addition that another node computes, see NodePlan.With.
func (s *Session) RunTimed(ctx context.Context, took []time.Duration, outputs []*tensor.Tensor, inputs ...*tensor.Tensor) error {
	if len(took) != len(s.p.lowered) {
		return fmt.Errorf("%s has %d nodes, got room for the times of %d", s.p.g.Name, len(s.p.lowered), len(took))
	}
	f, err := s.take(s.p.fused, inputs)
	if err != nil {
		return err
	}
	defer f.plan.free.put(f)
	if err := s.checkOutputs(f, outputs); err != nil {
		return err
	}
	f.load(inputs)
	last := time.Now()
	for i := range f.steps {
		if err := s.step(ctx, f, i); err != nil {
			return err
		}
		now := time.Now()
		took[i], last = now.Sub(last), now
		if f.steps[i] == nil {
			took[i] = 0
		}
	}
	for i, v := range s.p.outputs {
		f.values[v].store(outputs[i])
	}
	return nil
}

// RunTapped is Run that hands the result of every node to tap.
func (s *Session) RunTapped(ctx context.Context, tap Tap, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	list := s.p.lowered
	if tap == nil {
		list = s.p.fused
	}
	f, err := s.take(list, inputs)
	if err != nil {
		return nil, err
	}
	defer f.plan.free.put(f)
	f.load(inputs)
	for i, l := range list {
		if err := s.step(ctx, f, i); err != nil {
			return nil, err
		}
		if tap != nil {
			v := len(inputs) + i
			if err := tap(l.node.Output(), f.values[v].tensor(f.plan.types[v])); err != nil {
				return nil, err
			}
		}
	}
	outputs := make([]*tensor.Tensor, len(s.p.outputs))
	for i, v := range s.p.outputs {
		outputs[i] = f.values[v].tensor(f.plan.types[v])
	}
	return outputs, nil
}

// RunObserved runs and hands the wanted values to observe without copying them.
func (s *Session) RunObserved(ctx context.Context, want map[*graph.Value]bool, observe Observe, inputs ...*tensor.Tensor) error {
	if err := checkWanted(s.p.g, want); err != nil {
		return err
	}
	f, err := s.take(s.p.lowered, inputs)
	if err != nil {
		return err
	}
	defer f.plan.free.put(f)
	f.load(inputs)
	see := func(v *graph.Value, number int) error {
		if !want[v] {
			return nil
		}
		return observe(v, f.values[number].reals(), f.plan.types[number].Shape)
	}
	for i, v := range s.p.g.Inputs {
		if want[v] && f.plan.inputs[i].fromTensor {
			f.values[i].load(inputs[i])
		}
		if err := see(v, i); err != nil {
			return err
		}
	}
	for i, l := range s.p.lowered {
		if err := s.step(ctx, f, i); err != nil {
			return err
		}
		if err := see(l.node.Output(), len(inputs)+i); err != nil {
			return err
		}
	}
	return nil
}

// OutputTypes returns the types, with shapes, of the outputs for inputs of the
// given shapes.
func (s *Session) OutputTypes(inputs ...tensor.Shape) ([]graph.Type, error) {
	facts, err := s.p.g.Infer(inputs...)
	if err != nil {
		return nil, err
	}
	out := make([]graph.Type, len(s.p.g.Outputs))
	for i, v := range s.p.g.Outputs {
		out[i] = facts[v].Type
	}
	return out, nil
}

// step computes node i.
func (s *Session) step(ctx context.Context, f *frame, i int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.steps[i] == nil {
		return nil
	}
	if err := f.steps[i].exec(s.p.pool); err != nil {
		return nodeError(s.p.g, s.p.lowered[i].node, err)
	}
	return nil
}

func (s *Session) checkOutputs(f *frame, outputs []*tensor.Tensor) error {
	if len(outputs) != len(s.p.outputs) {
		return fmt.Errorf("%s gives %d outputs, got %d tensors for them", s.p.g.Name, len(s.p.outputs), len(outputs))
	}
	for i, v := range s.p.outputs {
		t, want := outputs[i], &f.plan.types[v]
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
	return s.p.newFrame(pl), nil
}

func (s *Session) planFor(list []lowered, inputs []*tensor.Tensor) (*plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, pl := range slices.Backward(s.plans) {
		if pl.fits(list, inputs) {
			copy(s.plans[i:], s.plans[i+1:])
			s.plans[len(s.plans)-1] = pl
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
	if len(s.plans) == maxPlans {
		s.plans = slices.Delete(s.plans, 0, 1)
	}
	s.plans = append(s.plans, pl)
	return pl, nil
}

// frames keeps memory between runs.
type frames struct {
	mu    sync.Mutex
	idle  []*frame
	limit int
}

func (l *frames) get() *frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		return nil
	}
	f := l.idle[len(l.idle)-1]
	l.idle = l.idle[:len(l.idle)-1]
	return f
}

func (l *frames) put(f *frame) {
	clear(f.tensors) // they are the caller's
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) < l.limit {
		l.idle = append(l.idle, f)
	}
}
