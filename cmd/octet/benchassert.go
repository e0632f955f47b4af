package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/timing"
)

// tolerance is how much longer than the fastest candidate a layer may take.
const tolerance = 1.05

// assertion is the outcome of `octet bench --assert`.
type assertion struct {
	Levels []string     `json:"levels"` // CPU features whose kernels were compared
	Rounds int          `json:"rounds"`
	Failed []slowKernel `json:"failed"`
}

// slowKernel is a layer for which another kernel of this machine is faster.
type slowKernel struct {
	Node        string  `json:"node"`
	Kernel      string  `json:"kernel"`
	Time        float64 `json:"ms"`
	Faster      string  `json:"faster_kernel"`
	FasterTime  float64 `json:"faster_ms"`
	FasterLevel string  `json:"faster_cpu"` // features for which it is chosen
}

// compareKernels measures w in turns with the kernels of all levels of this
// machine below w's own.
func (f *benchFlags) compareKernels(ctx context.Context, w *timing.Workload) (*assertion, error) {
	own, err := measure.NewTimer(w)
	if err != nil {
		return nil, err
	}
	a := &assertion{Levels: lowerLevels(f.work.CPU), Failed: []slowKernel{}}
	others := make([]*timing.Timer, len(a.Levels))
	for i, level := range a.Levels {
		if others[i], err = measure.NewTimerOf(w.Graph, f.work.Options(level), w.Inputs...); err != nil {
			return nil, err
		}
	}
	b := f.budget()
	b.Duration *= time.Duration(1 + len(others))
	if err := raceUntil(ctx, b, own, others); err != nil {
		return nil, err
	}
	a.Rounds = len(own.Total)
	for i := range own.Plan {
		if s, ok := fastest(i, own, others, a.Levels); ok {
			a.Failed = append(a.Failed, s)
		}
	}
	return a, nil
}

// lowerLevels are the levels of this machine within the given features, without
// those themselves.
func lowerLevels(given string) []string {
	limit, err := cpu.Parse(given)
	if err != nil || given == "" {
		limit = cpu.Host()
	}
	var list []string
	for _, l := range engine.Levels() {
		if f, err := cpu.Parse(l); err == nil && limit.Has(f) && f != limit {
			list = append(list, l)
		}
	}
	return list
}

// raceUntil runs all in turns. One of others that is far behind in every layer after a few
// rounds cannot win, and is not run further.
func raceUntil(ctx context.Context, b timing.Budget, own *timing.Timer, others []*timing.Timer) error {
	const few, far = 3, 1.5
	start := time.Now()
	if err := measure.InTurns(ctx, timing.Budget{Runs: few}, append([]*timing.Timer{own}, others...)...); err != nil {
		return err
	}
	running := []*timing.Timer{own}
	for _, r := range others {
		for i := range own.Plan {
			if differ(i, own, r) && timing.SpreadOf(r.Each[i]).Best < far*timing.SpreadOf(own.Each[i]).Best {
				running = append(running, r)
				break
			}
		}
	}
	for n := few; !b.Done(n, time.Since(start)); n++ {
		for i := range running {
			if err := running[(i+n)%len(running)].Run(ctx); err != nil {
				return exit.WithCode(exit.Data, err)
			}
		}
	}
	return nil
}

// differ reports whether node i has different kernels.
func differ(i int, a, b *timing.Timer) bool { return a.Plan[i].Kernel != b.Plan[i].Kernel }

// fastest finds the other that beats node i by more than the tolerance, if any.
func fastest(i int, own *timing.Timer, others []*timing.Timer, levels []string) (slowKernel, bool) {
	mine := timing.SpreadOf(own.Each[i])
	best, found := mine, false
	s := slowKernel{Node: own.Plan[i].Node.Name, Kernel: own.Plan[i].Kernel, Time: mine.Median}
	for j, r := range others {
		theirs := timing.SpreadOf(r.Each[i])
		if differ(i, own, r) && mine.SlowerThan(theirs, tolerance) && theirs.Median < best.Median {
			best, found = theirs, true
			s.Faster, s.FasterTime, s.FasterLevel = r.Plan[i].Kernel, theirs.Median, levels[j]
		}
	}
	return s, found
}

// failure is the error of a failed assertion.
func (a *assertion) failure() error {
	if a == nil || len(a.Failed) == 0 {
		return nil
	}
	var lines []string
	for _, s := range a.Failed {
		lines = append(lines, s.String())
	}
	return exit.WithCode(exit.Check, fmt.Errorf("--assert: %d layers have a faster kernel on this machine:\n%s", len(lines), strings.Join(lines, "\n")))
}

func (s slowKernel) String() string {
	return fmt.Sprintf("%s: %s takes %.4f ms, %s (--cpu %s) %.4f ms", s.Node, s.Kernel, s.Time, s.Faster, s.FasterLevel, s.FasterTime)
}
