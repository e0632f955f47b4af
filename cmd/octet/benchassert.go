package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/cpu"
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
func (f *benchFlags) compareKernels(ctx context.Context, w *workload) (*assertion, error) {
	own, err := newTimer(w)
	if err != nil {
		return nil, err
	}
	a := &assertion{Levels: lowerLevels(f.work.cpu), Failed: []slowKernel{}}
	others := make([]*timer, len(a.Levels))
	for i, level := range a.Levels {
		if others[i], err = newTimerOf(w.graph, f.work.options(level), w.input); err != nil {
			return nil, err
		}
	}
	b := f.budget()
	b.duration *= time.Duration(1 + len(others))
	if err := raceUntil(ctx, b, own, others); err != nil {
		return nil, err
	}
	a.Rounds = len(own.total)
	for i := range own.plan {
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

// raceUntil runs all in turns. A other that is far behind in every layer after a
// few rounds cannot win and is not run further.
func raceUntil(ctx context.Context, b budget, own *timer, others []*timer) error {
	const few, far = 3, 1.5
	start := time.Now()
	if err := inTurns(ctx, budget{runs: few}, append([]*timer{own}, others...)...); err != nil {
		return err
	}
	running := []*timer{own}
	for _, r := range others {
		for i := range own.plan {
			if differ(i, own, r) && spreadOf(r.each[i]).best < far*spreadOf(own.each[i]).best {
				running = append(running, r)
				break
			}
		}
	}
	for n := few; !b.done(n, time.Since(start)); n++ {
		for i := range running {
			if err := running[(i+n)%len(running)].run(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// differ reports whether node i has different kernels.
func differ(i int, a, b *timer) bool { return a.plan[i].Kernel != b.plan[i].Kernel }

// fastest finds the other that beats node i by more than the tolerance, if any.
func fastest(i int, own *timer, others []*timer, levels []string) (slowKernel, bool) {
	mine := spreadOf(own.each[i])
	best, found := mine, false
	s := slowKernel{Node: own.plan[i].Node.Name, Kernel: own.plan[i].Kernel, Time: mine.median}
	for j, r := range others {
		theirs := spreadOf(r.each[i])
		if differ(i, own, r) && mine.slowerThan(theirs, tolerance) && theirs.median < best.median {
			best, found = theirs, true
			s.Faster, s.FasterTime, s.FasterLevel = r.plan[i].Kernel, theirs.median, levels[j]
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
	return withCode(exitCheck, fmt.Errorf("--assert: %d layers have a faster kernel on this machine:\n%s", len(lines), strings.Join(lines, "\n")))
}

func (s slowKernel) String() string {
	return fmt.Sprintf("%s: %s takes %.4f ms, %s (--cpu %s) %.4f ms", s.Node, s.Kernel, s.Time, s.Faster, s.FasterLevel, s.FasterTime)
}
