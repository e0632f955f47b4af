package measure

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/tensor"
)

// Latency is a distribution of durations, in milliseconds.
type Latency struct {
	Min  float64 `json:"min"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Mean float64 `json:"mean"`
}

// Distribution sorts and sums up durations, of which there is at least one.
func Distribution(d []time.Duration) Latency {
	slices.Sort(d)
	var sum time.Duration
	for _, v := range d {
		sum += v
	}
	return Latency{
		Min: Milliseconds(d[0]), P50: Milliseconds(Quantile(d, 0.5)), P90: Milliseconds(Quantile(d, 0.9)),
		P99: Milliseconds(Quantile(d, 0.99)), Mean: Milliseconds(sum) / float64(len(d)),
	}
}

// Quantile is the smallest of the sorted durations that a part q of them does
// not exceed.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func Milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// Budget ends a measurement: after a number of runs, or else after a time.
type Budget struct {
	Runs     int
	Duration time.Duration
	// settled, if set, ends it before its time, once there are ten runs: more would not
	// say more. It is asked after every turn.
	Settled func() bool
}

// Done reports whether n runs that took so long are enough. Ten are the least,
// unless the number of runs is given.
func (b Budget) Done(n int, took time.Duration) bool {
	if b.Runs > 0 {
		return n >= b.Runs
	}
	enough := took >= b.Duration || b.Settled != nil && b.Settled()
	return n >= 10 && enough
}

// loop is what many runs of one workload gave.
type loop struct {
	Each        []time.Duration
	Wall        time.Duration
	Allocations int64 // per run, rounded down: the goroutines cost a few once
}

// Repeat runs w on several goroutines that share its session, first for warming
// up, then for the measurement.
func Repeat(ctx context.Context, w *Workload, b Budget, goroutines int) (*loop, error) {
	warm := Budget{Runs: 3}
	if b.Runs == 0 {
		warm = Budget{Duration: b.Duration / 10}
	}
	if _, err := runTogether(ctx, w, warm, goroutines); err != nil {
		return nil, err
	}
	return runTogether(ctx, w, b, goroutines)
}

func runTogether(ctx context.Context, w *Workload, b Budget, goroutines int) (*loop, error) {
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
func runUntil(ctx context.Context, w *Workload, b Budget, start time.Time, out []*tensor.Tensor, each []time.Duration) ([]time.Duration, error) {
	last := time.Now()
	for !b.Done(len(each), last.Sub(start)) {
		if err := w.Session.RunInto(ctx, out, w.Input); err != nil {
			return nil, exit.WithCode(exit.Data, err)
		}
		now := time.Now()
		each, last = append(each, now.Sub(last)), now
	}
	return each, nil
}
