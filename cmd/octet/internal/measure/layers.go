package measure

import (
	"context"
	"slices"
	"time"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// LayerTime is what one node of the graph takes.
type LayerTime struct {
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

// Timer times the nodes of a workload, run by run.
type Timer struct {
	*Workload
	out   []*tensor.Tensor
	took  []time.Duration
	Each  [][]time.Duration // by node
	Total []time.Duration
}

func NewTimer(w *Workload) (*Timer, error) {
	out, err := w.outputs()
	if err != nil {
		return nil, err
	}
	n := len(w.Graph.Nodes)
	return &Timer{Workload: w, out: out, took: make([]time.Duration, n), Each: make([][]time.Duration, n)}, nil
}

// NewTimerOf compiles g for it.
func NewTimerOf(g *graph.Graph, o engine.Options, x *tensor.Tensor) (*Timer, error) {
	w, err := NewWorkload(g, o, x)
	if err != nil {
		return nil, err
	}
	return NewTimer(w)
}

func (t *Timer) Run(ctx context.Context) error {
	start := time.Now()
	if err := t.Session.RunTimed(ctx, t.took, t.out, t.Input); err != nil {
		return exit.WithCode(exit.Data, err)
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

// spread is the median and the smallest of some durations.
type spread struct{ Median, Best float64 }

func SpreadOf(d []time.Duration) spread {
	s := slices.Sorted(slices.Values(d))
	return spread{Milliseconds(Quantile(s, 0.5)), Milliseconds(s[0])}
}

func (s spread) plus(o spread, part float64) spread {
	return spread{s.Median + part*o.Median, s.Best + part*o.Best}
}

// SlowerThan demands both the median and the best time to be longer by a factor.
func (s spread) SlowerThan(o spread, factor float64) bool {
	return s.Median > factor*o.Median && s.Best > factor*o.Best
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

func (t *Timer) LayerTimes() []LayerTime {
	layers := make([]LayerTime, len(t.Plan))
	for i, p := range t.Plan {
		l := LayerTime{Node: p.Node.Name, Op: p.Node.Op.Kind(), Kernel: p.Kernel, ISA: p.ISA, Reason: p.Reason, MACs: p.MACs}
		l.Time = SpreadOf(t.Each[i]).Median
		if l.Time > 0 {
			l.Rate = float64(l.MACs) / l.Time / 1e6
		}
		layers[i] = l
	}
	return layers
}

// CompareWithFloat fills in the float side of the integer layers and names those
// that are slower than it.
func CompareWithFloat(layers []LayerTime, codes, float *Timer) []string {
	slower := []string{}
	number := map[string]int{}
	for i, n := range float.Graph.Nodes {
		number[n.Name] = i
	}
	with := withConversions(codes)
	for i, n := range codes.Graph.Nodes {
		at, ok := number[n.Name]
		if !ok || !OnCodes(n) {
			continue
		}
		other := SpreadOf(float.Each[at])
		l := &layers[i]
		l.WithQDQ, l.Float, l.FloatKernel = &with[i].Median, &other.Median, float.Plan[at].Kernel
		if l.Slower = with[i].SlowerThan(other, 1); l.Slower {
			slower = append(slower, l.Node)
		}
	}
	return slower
}

// withConversions is, by node, its time with that of the conversions around it:
// a Quantize counts to the integer layers that read it, in equal parts, a
// Dequantize to the integer layer in front of it.
func withConversions(t *Timer) []spread {
	times := make([]spread, len(t.Graph.Nodes))
	number := map[*graph.Node]int{}
	for i, n := range t.Graph.Nodes {
		times[i] = SpreadOf(t.Each[i])
		number[n] = i
	}
	with := slices.Clone(times)
	for i, n := range t.Graph.Nodes {
		if !IsConversion(n) {
			continue
		}
		var payers []int
		source := n.Inputs[0].Node
		for source != nil && t.Plan[number[source]].Kernel == "identity" {
			source = source.Inputs[0].Node // a flatten that computes nothing
		}
		if !n.Output().Type.DType.IsQuantized() && source != nil && OnCodes(source) {
			payers = append(payers, number[source])
		}
		for _, reader := range t.Graph.Consumers(n.Output()) {
			if n.Output().Type.DType.IsQuantized() && OnCodes(reader) {
				payers = append(payers, number[reader])
			}
		}
		for _, p := range payers {
			with[p] = with[p].plus(times[i], 1/float64(len(payers)))
		}
	}
	return with
}
