package timing

import (
	"context"
	"time"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Timer times the nodes of a workload, run by run.
type Timer struct {
	*Workload
	out   []*tensor.Tensor
	took  []time.Duration
	Each  [][]time.Duration // by node, then by run
	Total []time.Duration   // by run, of all nodes
}

// NewTimer makes room for the times of w.
func NewTimer(w *Workload) (*Timer, error) {
	out, err := w.Outputs()
	if err != nil {
		return nil, err
	}
	n := len(w.Graph.Nodes)
	return &Timer{Workload: w, out: out, took: make([]time.Duration, n), Each: make([][]time.Duration, n)}, nil
}

// NewTimerOf compiles g for it.
func NewTimerOf(g *graph.Graph, o engine.Options, inputs ...*tensor.Tensor) (*Timer, error) {
	w, err := NewWorkload(g, o, inputs...)
	if err != nil {
		return nil, err
	}
	return NewTimer(w)
}

// Run runs the workload once more.
func (t *Timer) Run(ctx context.Context) error {
	start := time.Now()
	if err := t.Session.RunTimed(ctx, t.took, t.out, t.Inputs...); err != nil {
		return err
	}
	t.Total = append(t.Total, time.Since(start))
	for i, d := range t.took {
		t.Each[i] = append(t.Each[i], d)
	}
	return nil
}

// forget drops what was measured so far: it was for warming up.
func (t *Timer) forget() {
	t.Total = nil
	clear(t.Each)
}

// InTurns runs the timers one after the other, over and over.
func InTurns(ctx context.Context, b Budget, timers ...*Timer) error {
	start := time.Now()
	for n := 0; n == 0 || !b.Done(n-1, time.Since(start)); n++ {
		for i := range timers {
			if err := timers[(i+n)%len(timers)].Run(ctx); err != nil {
				return err
			}
		}
		if n == 0 {
			for _, t := range timers {
				t.forget()
			}
		}
	}
	return nil
}
