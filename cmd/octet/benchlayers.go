package main

import (
	"context"
	"slices"
	"time"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// layerTime is what one node of the graph takes.
type layerTime struct {
	Node   string  `json:"node"`
	Op     string  `json:"op"`
	Kernel string  `json:"kernel"`
	ISA    string  `json:"isa"`
	Reason string  `json:"reason,omitempty"` // why no kernel computes it
	MACs   int64   `json:"macs"`             // of all images of a run
	Time   float64 `json:"ms"`               // median
	Rate   float64 `json:"gmac_per_s"`
	Share  float64 `json:"share"` // of the sum of all layers

	// The same layer in float32; nil for float nodes and conversions.
	WithQDQ     *float64 `json:"ms_with_qdq,omitempty"` // Time with its part of the conversions around it
	Float       *float64 `json:"float_ms,omitempty"`
	FloatKernel string   `json:"float_kernel,omitempty"`
	Slower      bool     `json:"slower_than_float,omitempty"`
}

// timer times the nodes of a workload, run by run.
type timer struct {
	*workload
	out   []*tensor.Tensor
	took  []time.Duration
	each  [][]time.Duration // by node
	total []time.Duration
}

func newTimer(w *workload) (*timer, error) {
	out, err := w.outputs()
	if err != nil {
		return nil, err
	}
	n := len(w.graph.Nodes)
	return &timer{workload: w, out: out, took: make([]time.Duration, n), each: make([][]time.Duration, n)}, nil
}

// newTimerOf compiles g for it.
func newTimerOf(g *graph.Graph, o engine.Options, x *tensor.Tensor) (*timer, error) {
	w, err := newWorkload(g, o, x)
	if err != nil {
		return nil, err
	}
	return newTimer(w)
}

func (t *timer) run(ctx context.Context) error {
	start := time.Now()
	if err := t.session.RunTimed(ctx, t.took, t.out, t.input); err != nil {
		return withCode(exitData, err)
	}
	t.total = append(t.total, time.Since(start))
	for i, d := range t.took {
		t.each[i] = append(t.each[i], d)
	}
	return nil
}

// forget drops what was measured so far: it was for warming up.
func (t *timer) forget() {
	t.total = nil
	clear(t.each)
}

// spread is the median and the smallest of some durations.
type spread struct{ median, best float64 }

func spreadOf(d []time.Duration) spread {
	s := slices.Sorted(slices.Values(d))
	return spread{milliseconds(quantile(s, 0.5)), milliseconds(s[0])}
}

func (s spread) plus(o spread, part float64) spread {
	return spread{s.median + part*o.median, s.best + part*o.best}
}

// slowerThan demands both the median and the best time to be longer by a factor.
func (s spread) slowerThan(o spread, factor float64) bool {
	return s.median > factor*o.median && s.best > factor*o.best
}

// inTurns runs the timers one after the other, over and over.
func inTurns(ctx context.Context, b budget, timers ...*timer) error {
	start := time.Now()
	for n := 0; n == 0 || !b.done(n-1, time.Since(start)); n++ {
		for i := range timers {
			if err := timers[(i+n)%len(timers)].run(ctx); err != nil {
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

func (t *timer) layerTimes() []layerTime {
	layers := make([]layerTime, len(t.plan))
	for i, p := range t.plan {
		l := layerTime{Node: p.Node.Name, Op: p.Node.Op.Kind(), Kernel: p.Kernel, ISA: p.ISA, Reason: p.Reason, MACs: p.MACs}
		l.Time = spreadOf(t.each[i]).median
		if l.Time > 0 {
			l.Rate = float64(l.MACs) / l.Time / 1e6
		}
		layers[i] = l
	}
	return layers
}

// compareWithFloat fills in the float side of the integer layers and names those
// that are slower than it.
func compareWithFloat(layers []layerTime, codes, float *timer) []string {
	slower := []string{}
	number := map[string]int{}
	for i, n := range float.graph.Nodes {
		number[n.Name] = i
	}
	with := withConversions(codes)
	for i, n := range codes.graph.Nodes {
		at, ok := number[n.Name]
		if !ok || !onCodes(n) {
			continue
		}
		other := spreadOf(float.each[at])
		l := &layers[i]
		l.WithQDQ, l.Float, l.FloatKernel = &with[i].median, &other.median, float.plan[at].Kernel
		if l.Slower = with[i].slowerThan(other, 1); l.Slower {
			slower = append(slower, l.Node)
		}
	}
	return slower
}

// withConversions is, by node, its time with that of the conversions around it:
// a Quantize counts to the integer layers that read it, in equal parts, a
// Dequantize to the integer layer in front of it.
func withConversions(t *timer) []spread {
	times := make([]spread, len(t.graph.Nodes))
	number := map[*graph.Node]int{}
	for i, n := range t.graph.Nodes {
		times[i] = spreadOf(t.each[i])
		number[n] = i
	}
	with := slices.Clone(times)
	for i, n := range t.graph.Nodes {
		if !isConversion(n) {
			continue
		}
		var payers []int
		source := n.Inputs[0].Node
		for source != nil && t.plan[number[source]].Kernel == "identity" {
			source = source.Inputs[0].Node // a flatten that computes nothing
		}
		if !n.Output().Type.DType.IsQuantized() && source != nil && onCodes(source) {
			payers = append(payers, number[source])
		}
		for _, reader := range t.graph.Consumers(n.Output()) {
			if n.Output().Type.DType.IsQuantized() && onCodes(reader) {
				payers = append(payers, number[reader])
			}
		}
		for _, p := range payers {
			with[p] = with[p].plus(times[i], 1/float64(len(payers)))
		}
	}
	return with
}
