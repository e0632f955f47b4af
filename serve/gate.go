package serve

import (
	"context"
	"sync/atomic"
	"time"
)

// gate bounds how many requests compute at a time and how many wait for that, in the order in
// which they came.
type gate struct {
	slots   chan struct{}
	limit   int64 // of those that wait
	waiting atomic.Int64
	service atomic.Int64 // nanoseconds that a request computes, smoothed
}

func newGate(slots, queue int) *gate {
	return &gate{slots: make(chan struct{}, slots), limit: int64(queue)}
}

// enter waits for a slot. The error is that of ctx, Exhausted at once where too many wait, or
// errTaken when taken is closed, after which the slot is not needed.
func (g *gate) enter(ctx context.Context, taken <-chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	if n := g.waiting.Add(1); n > g.limit {
		g.waiting.Add(-1)
		return g.refusal()
	}
	defer g.waiting.Add(-1)
	select {
	case g.slots <- struct{}{}:
		if err := ctx.Err(); err != nil { // both came at once: nobody waits for the answer
			<-g.slots
			return err
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-taken:
		return errTaken
	}
}

// giveBack returns a slot in which no request was computed.
func (g *gate) giveBack() { <-g.slots }

// full is the error with which enter would refuse now; nil where it would not.
func (g *gate) full() error {
	if len(g.slots) < cap(g.slots) || g.waiting.Load() < g.limit {
		return nil
	}
	return g.refusal()
}

func (g *gate) refusal() error {
	e := Errorf(Exhausted, "%d requests wait already: send it again later, to another server, or raise --queue", g.limit)
	e.RetryAfter = g.wait()
	return e
}

// leave gives the slot back after so long a computation.
func (g *gate) leave(took time.Duration) {
	<-g.slots
	const weight = 8 // of what came before: a few requests set the estimate
	if old := g.service.Load(); old == 0 {
		g.service.Store(int64(took))
	} else { // a lost update among concurrent ones does not matter to an estimate
		g.service.Store(old + (int64(took)-old)/weight)
	}
}

// wait estimates how long the requests that wait now will take, a second at least.
func (g *gate) wait() time.Duration {
	queued := time.Duration(g.waiting.Load() + 1)
	return max(time.Second, queued*time.Duration(g.service.Load())/time.Duration(cap(g.slots)))
}
