package variants

import (
	"context"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/internal/timing"
)

// time runs all variants in turns on one input.
func (s *Comparison) time(ctx context.Context) error {
	if s.Options.Duration == 0 {
		return nil
	}
	s.Console.Note("timing %d variants in turns; what else this machine does is measured too", len(s.Variants))
	var models []*octet.Model
	for _, v := range s.Variants {
		models = append(models, v.Model)
	}
	timers, err := measure.NewTimers(models, s.Options.Data.Threads, s.samples[0]...)
	if err != nil {
		return err
	}
	all := time.Duration(len(timers)) * s.Options.Duration
	stage := s.Console.Begin("time", "ms", int(all.Milliseconds()))
	defer stage.End()
	begin := time.Now()
	b := timing.Budget{Duration: all, Settled: func() bool {
		stage.Set(int(time.Since(begin).Milliseconds()))
		return measure.Settled(timers)
	}}
	if err := measure.InTurns(ctx, b, timers...); err != nil {
		return err
	}
	for i, t := range timers {
		s.Variants[i].Latency = measure.LatencyOf(t, timers[0])
		measure.SetTimes(s.Variants[i].Layers, t)
	}
	return nil
}
