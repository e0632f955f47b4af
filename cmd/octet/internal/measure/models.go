package measure

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/tensor"
)

// NewTimers times models on inputs, which are those of one run.
func NewTimers(models []*octet.Model, threads int, in ...*tensor.Tensor) ([]*timing.Timer, error) {
	timers := make([]*timing.Timer, len(models))
	for i, m := range models {
		g, err := ComputedGraph(m)
		if err != nil {
			return nil, err
		}
		if timers[i], err = NewTimerOf(g, engine.Options{Threads: threads}, in...); err != nil {
			return nil, err
		}
	}
	return timers, nil
}

// resultsBudget is for the times of a training's page.
const resultsBudget = time.Second

// TimeResults runs the models of a training's results in turns on random numbers.
func TimeResults(ctx context.Context, doc *report.Training, threads int, models ...*octet.Model) error {
	h, w := (&WorkloadFlags{}).ImageSize(models[0])
	x := RandomInputs(rand.New(rand.NewPCG(1, 2)), 1, models[0].Channels(), h, w)
	timers, err := NewTimers(models, threads, x)
	if err != nil {
		return err
	}
	if err := InTurns(ctx, timing.Budget{Duration: resultsBudget, Settled: func() bool { return Settled(timers) }}, timers...); err != nil {
		return err
	}
	for i, t := range timers {
		doc.Results[i].Latency = LatencyOf(t, timers[0])
	}
	return nil
}

// LatencyOf summarizes the runs of t, which took turns with those of reference.
func LatencyOf(t, reference *timing.Timer) *report.Latency {
	l := Distribution(slices.Clone(t.Total))
	latency := &report.Latency{Min: l.Min, P50: l.P50, P90: l.P90, P99: l.P99, Mean: l.Mean, Runs: len(t.Total), Ratio: 1}
	if t != reference {
		s := SpeedOf(t, reference)
		latency.Speed, latency.Ratio = &s, 1/s.Times
	}
	return latency
}

// SetTimes gives every layer the median of its times.
func SetTimes(layers []report.Layer, t *timing.Timer) {
	took := map[string]float64{}
	for _, l := range t.LayerTimes() {
		took[l.Node] = l.Time
	}
	for i := range layers {
		if ms, ok := took[layers[i].Node]; ok {
			layers[i].Time = &ms
		}
	}
}

// narrow is the relative width of the confidence interval of a speed below which timing stops.
const narrow = 0.04

// Settled reports whether the speeds of all timers beside the first are known well
// enough.
func Settled(timers []*timing.Timer) bool {
	for _, t := range timers[1:] {
		if len(t.Total) == 0 {
			return false
		}
		if s := SpeedOf(t, timers[0]); s.High-s.Low > narrow*s.Times {
			return false
		}
	}
	return true
}
