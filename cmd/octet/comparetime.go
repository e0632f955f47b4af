package main

import (
	"context"
	"slices"
	"time"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/report"
)

// time runs all variants in turns on one input.
func (s *sideBySide) time(ctx context.Context) error {
	if s.f.duration == 0 {
		return nil
	}
	s.c.note("timing %d variants in turns; what else this machine does is measured too", len(s.variants))
	timers := make([]*timer, len(s.variants))
	for i, v := range s.variants {
		g, err := computedGraph(v.model)
		if err != nil {
			return err
		}
		if timers[i], err = newTimerOf(g, engine.Options{Threads: s.f.data.threads}, s.samples[0]); err != nil {
			return err
		}
	}
	if err := inTurns(ctx, budget{duration: time.Duration(len(timers)) * s.f.duration}, timers...); err != nil {
		return err
	}
	for i, t := range timers {
		s.variants[i].Latency = latencyOf(t, timers[0])
		setTimes(s.variants[i].Layers, t)
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
