package parallel

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octet-ml/octet/internal/cpu"
)

// Task is a computation in independent pieces.
type Task interface {
	// Do computes piece i. worker is below the pool's number of threads and
	// differs between calls that run at the same time: it indexes scratch memory.
	Do(worker, i int)
}

// Func is a Task of a function.
type Func func(worker, i int)

// Do computes piece i.
func (f Func) Do(worker, i int) { f(worker, i) }

// Pool is a set of workers. It is safe for concurrent use.
type Pool struct {
	threads int
	busy    sync.Mutex   // held by the caller whose task the workers compute
	runs    atomic.Int32 // that are under way, see Enter
	limit   atomic.Int32 // of threads for the current task

	// The current task. Written while no worker is active.
	task   Task
	shares []share // by worker
	panic  atomic.Pointer[caught]
	_      line

	// state is epoch<<16 | open<<15 | number of active workers. A worker joins
	// only an open task, so a worker that wakes late delays nobody.
	state   atomic.Uint64
	_       line
	waiting atomic.Bool
	idle    chan struct{} // tells a waiting caller that the last worker left
	workers []worker
}

// share is the range of pieces that a worker starts with. When it is done, it steals from
// others.
type share struct {
	next atomic.Int64
	end  int64
	_    line
}

type worker struct {
	asleep atomic.Bool
	wake   chan struct{}
	often  bool // tasks came often lately: it waits longer before it sleeps
	_      line
}

// line is padding that keeps fields written by different goroutines on different cache
// lines (no false sharing).
type line [64]byte

type caught struct{ value any }

const (
	open   = 1 << 15
	active = open - 1

	spin   = 200 * time.Microsecond // of waiting before a goroutine yields, and then sleeps
	yields = 20

	// A processor that has slept computes slower for a while, virtual ones above all. Where runs
	// follow each other as soon as this, as a client's requests do, workers stay awake between them.
	soon = 3 * time.Millisecond
)

var shared struct {
	sync.Mutex
	pools map[int]*Pool
}

// Shared returns the process-wide pool with that many threads, the caller's
// included; 0 means cpu.Threads().
func Shared(threads int) *Pool {
	if threads <= 0 {
		threads = cpu.Threads()
	}
	threads = min(threads, active)
	shared.Lock()
	defer shared.Unlock()
	if p := shared.pools[threads]; p != nil {
		return p
	}
	if shared.pools == nil {
		shared.pools = map[int]*Pool{}
	}
	p := &Pool{threads: threads, shares: make([]share, threads), workers: make([]worker, threads-1), idle: make(chan struct{}, 1)}
	for i := range p.workers {
		p.workers[i].wake = make(chan struct{}, 1)
		go p.work(i)
	}
	shared.pools[threads] = p
	return p
}

// Threads is the number of threads, the caller's included.
func (p *Pool) Threads() int { return p.threads }

// Enter says that a run of many tasks begins on the caller's goroutine; Leave, that it has
// ended. Of several runs at a time each needs the thread that it is on, so that a task gets only
// those that are left: all of them for one run, and its own for as many runs as there are
// threads. Who does not enter gets all.
func (p *Pool) Enter() { p.runs.Add(1) }

// Leave is the end of what Enter began.
func (p *Pool) Leave() { p.runs.Add(-1) }

// left is the number of threads for a task that begins now.
func (p *Pool) left() int { return min(p.threads, p.threads+1-int(p.runs.Load())) }

// Run computes the pieces 0 to n-1 of t and returns when all are done. A panic
// in a piece is raised again in the caller. Each worker begins with the same part
// of the pieces in every run, so that it finds in its cache what it left there if
// pieces of the same number touch the same data.
func (p *Pool) Run(n int, t Task) {
	threads := p.left()
	if n <= 1 || threads <= 1 || !p.busy.TryLock() {
		for i := range n {
			t.Do(0, i)
		}
		return
	}
	defer p.busy.Unlock()
	p.task = t
	p.limit.Store(int32(threads))
	for i := range p.shares {
		s, from, end := &p.shares[i], n, n
		if i < threads {
			from, end = i*n/threads, (i+1)*n/threads
		}
		s.next.Store(int64(from))
		s.end = int64(end)
	}
	p.state.Store((p.state.Load()>>16+1)<<16 | open)
	for i := range min(threads-1, n-1) {
		if w := &p.workers[i]; w.asleep.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	p.pieces(0)
	p.close()
	p.task = nil
	if c := p.panic.Swap(nil); c != nil {
		panic(fmt.Sprintf("parallel: a worker panicked: %v", c.value))
	}
}

// pieces computes the worker's share, then steals from the others' until nothing is left
// or a piece has panicked.
func (p *Pool) pieces(worker int) {
	defer func() {
		if v := recover(); v != nil {
			p.panic.CompareAndSwap(nil, &caught{v})
			for i := range p.shares {
				p.shares[i].next.Store(p.shares[i].end)
			}
		}
	}()
	for i := range p.shares {
		s := &p.shares[(worker+i)%len(p.shares)]
		for {
			piece := s.next.Add(1) - 1
			if piece >= s.end {
				break
			}
			p.task.Do(worker, int(piece))
		}
	}
}

// close lets no further worker join and waits for those that have.
func (p *Pool) close() {
	p.state.And(^uint64(open))
	if waited(func() bool { return p.state.Load()&active == 0 }) {
		return
	}
	p.waiting.Store(true)
	if p.state.Load()&active == 0 && p.waiting.CompareAndSwap(true, false) {
		return
	}
	<-p.idle
}

// waited spins for a short while, first without yielding the CPU, until done, and reports
// whether it became true.
func waited(done func() bool) bool {
	const checks = 64 // between two looks at the clock
	for start := time.Now(); time.Since(start) < spin; {
		for range checks {
			if done() {
				return true
			}
			pause()
		}
	}
	for range yields {
		if done() {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// work is the life of worker i.
func (p *Pool) work(i int) {
	w := &p.workers[i]
	var seen uint64
	for {
		s := p.await(w, seen)
		seen = s >> 16
		for s>>16 == seen && s&open != 0 && i+1 < int(p.limit.Load()) {
			if !p.state.CompareAndSwap(s, s+1) {
				s = p.state.Load()
				continue
			}
			p.pieces(i + 1)
			if s = p.state.Add(^uint64(0)); s&(open|active) == 0 && p.waiting.CompareAndSwap(true, false) {
				p.idle <- struct{}{}
			}
			break
		}
	}
}

// await returns the state once its epoch differs from seen.
func (p *Pool) await(w *worker, seen uint64) uint64 {
	begun := time.Now()
	next := func() bool { return p.state.Load()>>16 != seen }
	waited(func() bool { return next() || p.crowded() })
	if next() || w.often && p.linger(begun, next) {
		return p.state.Load()
	}
	w.asleep.Store(true)
	if s := p.state.Load(); s>>16 != seen && w.asleep.CompareAndSwap(true, false) {
		return s
	}
	<-w.wake
	w.often = time.Since(begun) < soon
	return p.state.Load()
}

// crowded reports whether no task has threads to spare for workers.
func (p *Pool) crowded() bool { return int(p.runs.Load()) >= p.threads }

// linger waits for the next task until it would not come soon any more, or no worker is needed. It
// reports whether the task has come. Goroutines that are ready go first.
func (p *Pool) linger(begun time.Time, next func() bool) bool {
	const checks = 256 // between two looks at the rest
	for !p.crowded() && time.Since(begun) < soon {
		for range checks {
			if next() {
				return true
			}
			pause()
		}
		runtime.Gosched()
	}
	return false
}
