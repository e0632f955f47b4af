package parallel

import (
	"testing"
	"time"
)

// spinTask takes about so long for each piece.
type spinTask time.Duration

func (t spinTask) Do(_, _ int) {
	for start := time.Now(); time.Since(start) < time.Duration(t); {
	}
}

// What a run costs beyond the work itself: two pieces on two threads, with as much
// work as a small layer has.
func BenchmarkRun(b *testing.B) {
	for _, work := range []time.Duration{0, 5 * time.Microsecond, 50 * time.Microsecond} {
		b.Run(work.String(), func(b *testing.B) {
			p := Shared(2)
			for b.Loop() {
				p.Run(2, spinTask(work))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)-float64(work.Nanoseconds()), "overhead-ns/op")
		})
	}
}
