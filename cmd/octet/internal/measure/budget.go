package measure

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/tensor"
)

// Latency is a distribution of durations, in milliseconds.
type Latency struct {
	Min  float64 `json:"min"`  // the fastest run
	P50  float64 `json:"p50"`  // the median
	P90  float64 `json:"p90"`  // nine of ten runs are not slower
	P99  float64 `json:"p99"`  // 99 of 100 runs are not slower
	Mean float64 `json:"mean"` // the sum over the number of runs
}

// Distribution sorts and sums up durations, of which there is at least one.
func Distribution(d []time.Duration) Latency {
	slices.Sort(d)
	var sum time.Duration
	for _, v := range d {
		sum += v
	}
	return Latency{
		Min: timing.Milliseconds(d[0]), P50: timing.Milliseconds(timing.Quantile(d, 0.5)), P90: timing.Milliseconds(timing.Quantile(d, 0.9)),
		P99: timing.Milliseconds(timing.Quantile(d, 0.99)), Mean: timing.Milliseconds(sum) / float64(len(d)),
	}
}

// loop is what many runs of one workload gave.
type loop struct {
	Each        []time.Duration
	Wall        time.Duration
	Allocations int64 // per run, rounded down: the goroutines cost a few once
}

// Repeat runs w on several goroutines that share its session, first for warming
// up, then for the measurement.
func Repeat(ctx context.Context, w *timing.Workload, b timing.Budget, goroutines int) (*loop, error) {
	warm := timing.Budget{Runs: 3}
	if b.Runs == 0 {
		warm = timing.Budget{Duration: b.Duration / 10}
	}
	if _, err := runTogether(ctx, w, warm, goroutines); err != nil {
		return nil, err
	}
	return runTogether(ctx, w, b, goroutines)
}

func runTogether(ctx context.Context, w *timing.Workload, b timing.Budget, goroutines int) (*loop, error) {
	type part struct {
		out  []*tensor.Tensor
		each []time.Duration
		err  error
	}
	parts := make([]part, goroutines)
	for i := range parts {
		out, err := w.Outputs()
		if err != nil {
			return nil, err
		}
		parts[i] = part{out: out, each: make([]time.Duration, 0, 1<<14)}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range parts {
		p := &parts[i]
		wg.Go(func() { p.each, p.err = runUntil(ctx, w, b, start, p.out, p.each) })
	}
	wg.Wait()
	l := &loop{Wall: time.Since(start)}
	runtime.ReadMemStats(&after)
	for _, p := range parts {
		if p.err != nil {
			return nil, p.err
		}
		l.Each = append(l.Each, p.each...)
	}
	l.Allocations = int64(after.Mallocs-before.Mallocs) / int64(len(l.Each))
	return l, nil
}

// runUntil runs w into out until the budget is spent, and adds to each.
func runUntil(ctx context.Context, w *timing.Workload, b timing.Budget, start time.Time, out []*tensor.Tensor, each []time.Duration) ([]time.Duration, error) {
	last := time.Now()
	for !b.Done(len(each), last.Sub(start)) {
		if err := w.Session.RunInto(ctx, out, w.Inputs...); err != nil {
			return nil, exit.WithCode(exit.Data, err)
		}
		now := time.Now()
		each, last = append(each, now.Sub(last)), now
	}
	return each, nil
}
