package main

import (
	"context"
	"time"

	"github.com/octet-ml/octet"
)

// time runs all variants in turns on one input.
func (s *comparison) time(ctx context.Context) error {
	if s.f.duration == 0 {
		return nil
	}
	s.c.note("timing %d variants in turns; what else this machine does is measured too", len(s.variants))
	var models []*octet.Model
	for _, v := range s.variants {
		models = append(models, v.model)
	}
	timers, err := newTimers(models, s.f.data.threads, s.samples[0])
	if err != nil {
		return err
	}
	all := time.Duration(len(timers)) * s.f.duration
	stage := s.c.begin("time", "ms", int(all.Milliseconds()))
	defer stage.end()
	begin := time.Now()
	b := budget{duration: all, settled: func() bool {
		stage.set(int(time.Since(begin).Milliseconds()))
		return settled(timers)
	}}
	if err := inTurns(ctx, b, timers...); err != nil {
		return err
	}
	for i, t := range timers {
		s.variants[i].Latency = latencyOf(t, timers[0])
		setTimes(s.variants[i].Layers, t)
	}
	return nil
}
