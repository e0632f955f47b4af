package main

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/octet-ml/octet/tensor"
)

// latency is a distribution of durations, in milliseconds.
type latency struct {
	Min  float64 `json:"min"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Mean float64 `json:"mean"`
}

// distribution sorts and sums up durations, of which there is at least one.
func distribution(d []time.Duration) latency {
	slices.Sort(d)
	var sum time.Duration
	for _, v := range d {
		sum += v
	}
	return latency{
		Min: milliseconds(d[0]), P50: milliseconds(quantile(d, 0.5)), P90: milliseconds(quantile(d, 0.9)),
		P99: milliseconds(quantile(d, 0.99)), Mean: milliseconds(sum) / float64(len(d)),
	}
}

// quantile is the smallest of the sorted durations that a part q of them does
// not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// budget ends a measurement: after a number of runs, or else after a time.
type budget struct {
	runs     int
	duration time.Duration
	// settled, if set, ends it before its time, once there are ten runs: more would not
	// say more. It is asked after every turn.
	settled func() bool
}

// done reports whether n runs that took so long are enough. Ten are the least,
// unless the number of runs is given.
func (b budget) done(n int, took time.Duration) bool {
	if b.runs > 0 {
		return n >= b.runs
	}
	enough := took >= b.duration || b.settled != nil && b.settled()
	return n >= 10 && enough
}

// loop is what many runs of one workload gave.
type loop struct {
	each        []time.Duration
	wall        time.Duration
	allocations int64 // per run, rounded down: the goroutines cost a few once
}

// repeat runs w on several goroutines that share its session, first for warming
// up, then for the measurement.
func repeat(ctx context.Context, w *workload, b budget, goroutines int) (*loop, error) {
	warm := budget{runs: 3}
	if b.runs == 0 {
		warm = budget{duration: b.duration / 10}
	}
	if _, err := runTogether(ctx, w, warm, goroutines); err != nil {
		return nil, err
	}
	return runTogether(ctx, w, b, goroutines)
}

func runTogether(ctx context.Context, w *workload, b budget, goroutines int) (*loop, error) {
	type part struct {
		out  []*tensor.Tensor
		each []time.Duration
		err  error
	}
	parts := make([]part, goroutines)
	for i := range parts {
		out, err := w.outputs()
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
	l := &loop{wall: time.Since(start)}
	runtime.ReadMemStats(&after)
	for _, p := range parts {
		if p.err != nil {
			return nil, p.err
		}
		l.each = append(l.each, p.each...)
	}
	l.allocations = int64(after.Mallocs-before.Mallocs) / int64(len(l.each))
	return l, nil
}

// runUntil runs w into out until the budget is spent, and adds to each.
func runUntil(ctx context.Context, w *workload, b budget, start time.Time, out []*tensor.Tensor, each []time.Duration) ([]time.Duration, error) {
	last := time.Now()
	for !b.done(len(each), last.Sub(start)) {
		if err := w.session.RunInto(ctx, out, w.input); err != nil {
			return nil, withCode(exitData, err)
		}
		now := time.Now()
		each, last = append(each, now.Sub(last)), now
	}
	return each, nil
}
