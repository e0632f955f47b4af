package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/tensor"
)

// newTimers times models on an input.
func newTimers(models []*octet.Model, threads int, x *tensor.Tensor) ([]*timer, error) {
	timers := make([]*timer, len(models))
	for i, m := range models {
		g, err := computedGraph(m)
		if err != nil {
			return nil, err
		}
		if timers[i], err = newTimerOf(g, engine.Options{Threads: threads}, x); err != nil {
			return nil, err
		}
	}
	return timers, nil
}

// resultsBudget is for the times of a training's page.
const resultsBudget = time.Second

// timeResults runs the models of a training's results in turns on random numbers.
func timeResults(ctx context.Context, doc *report.Training, threads int, models ...*octet.Model) error {
	h, w := (&workloadFlags{}).imageSize(models[0])
	x := randomInput(rand.New(rand.NewPCG(1, 2)), models[0].Channels(), h, w)
	timers, err := newTimers(models, threads, x)
	if err != nil {
		return err
	}
	if err := inTurns(ctx, budget{duration: resultsBudget, settled: func() bool { return settled(timers) }}, timers...); err != nil {
		return err
	}
	for i, t := range timers {
		doc.Results[i].Latency = latencyOf(t, timers[0])
	}
	return nil
}

// latencyOf sums up the runs of t, which had their turns with those of reference.
func latencyOf(t, reference *timer) *report.Latency {
	l := distribution(slices.Clone(t.total))
	latency := &report.Latency{Min: l.Min, P50: l.P50, P90: l.P90, P99: l.P99, Mean: l.Mean, Runs: len(t.total), Ratio: 1}
	if t != reference {
		s := speedOf(t, reference)
		latency.Speed, latency.Ratio = &s, 1/s.Times
	}
	return latency
}

// setTimes gives every layer the median of its times.
func setTimes(layers []report.Layer, t *timer) {
	took := map[string]float64{}
	for _, l := range t.layerTimes() {
		took[l.Node] = l.Time
	}
	for i := range layers {
		if ms, ok := took[layers[i].Node]; ok {
			layers[i].Time = &ms
		}
	}
}

// narrow is the width of an interval of speed, as a part of it, at which more turns
// would tell nothing new.
const narrow = 0.04

// settled reports whether the speeds of all timers beside the first are known well
// enough.
func settled(timers []*timer) bool {
	for _, t := range timers[1:] {
		if len(t.total) == 0 {
			return false
		}
		if s := speedOf(t, timers[0]); s.High-s.Low > narrow*s.Times {
			return false
		}
	}
	return true
}
