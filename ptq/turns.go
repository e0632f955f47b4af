package ptq

import "sync"

// turns makes concurrent forwards feed shared observers in the order of their batches: forward
// i may feed observer k only when forward i-1 has. No activation is copied or queued, and
// forwards wait for each other only at an observer that an earlier one has not reached.
type turns struct {
	mu     sync.Mutex
	moved  sync.Cond
	next   []int // per observer, the batch whose turn it is
	failed int   // the first batch that failed; -1 when none
	err    error
}

func newTurns(observers int) *turns {
	t := &turns{next: make([]int, observers), failed: -1}
	t.moved.L = &t.mu
	return t
}

// wait blocks until it is batch i's turn at observer k. False: an earlier batch
// failed, so the turn will never come.
func (t *turns) wait(k, i int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.next[k] != i && !t.dead(i) {
		t.moved.Wait()
	}
	return !t.dead(i)
}

func (t *turns) dead(i int) bool { return t.failed >= 0 && t.failed < i }

// pass hands observer k to the next batch.
func (t *turns) pass(k int) {
	t.mu.Lock()
	t.next[k]++
	t.mu.Unlock()
	t.moved.Broadcast()
}

// fail records that batch i failed. Later batches give up; the error of the
// earliest batch is kept, so that it does not depend on timing.
func (t *turns) fail(i int, err error) {
	t.mu.Lock()
	if t.failed < 0 || i < t.failed {
		t.failed, t.err = i, err
	}
	t.mu.Unlock()
	t.moved.Broadcast()
}

// error returns the failure of the earliest batch, nil when none failed.
func (t *turns) error() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}
