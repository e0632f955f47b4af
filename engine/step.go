package engine

import "github.com/octet-ml/octet/internal/parallel"

// pieces is the step that most operations become: a task in equal parts.
type pieces struct {
	count int
	task  parallel.Task
}

func (s pieces) exec(p *parallel.Pool) error {
	p.Run(s.count, s.task)
	return nil
}

// worthwhile is the time that a thread should have to compute at least: to call it
// and to move its part of the data between caches takes microseconds.
const worthwhile = 8000 // ns

// worth is the number of threads for work of about so many nanoseconds.
func worth(ns, threads int) int { return max(1, min(threads, ns/worthwhile)) }

// runs divides n elements into runs of at least chunk.
type runs struct{ n, chunk, count int }

// splitRuns makes a few runs for each thread, so that a slow one is made up for,
// none so short that handing it out costs more than computing it.
func splitRuns(n, atLeast, threads int) runs {
	chunk := max((n+4*threads-1)/(4*threads), atLeast, 1)
	return runs{n, chunk, (n + chunk - 1) / chunk}
}

func (r runs) bounds(i int) (from, to int) {
	return i * r.chunk, min((i+1)*r.chunk, r.n)
}

func divUp(n, by int) int { return (n + by - 1) / by }

func roundUp(n, to int) int { return divUp(n, to) * to }
