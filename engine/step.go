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

// minWorkNS is the least work, in nanoseconds, that pays for a thread: waking it and
// moving its part of the data between caches takes microseconds.
const minWorkNS = 8000

// threadsFor returns how many of threads to use for about ns nanoseconds of work.
func threadsFor(ns, threads int) int { return max(1, min(threads, ns/minWorkNS)) }

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
