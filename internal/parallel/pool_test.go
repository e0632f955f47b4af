package parallel

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestEachPieceOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		p := Shared(threads)
		for n := range 40 {
			counts := make([]atomic.Int32, n)
			inUse := make([]atomic.Bool, threads)
			p.Run(n, Func(func(worker, i int) {
				if !inUse[worker].CompareAndSwap(false, true) {
					t.Errorf("worker %d twice at the same time", worker)
				}
				counts[i].Add(1)
				inUse[worker].Store(false)
			}))
			for i := range counts {
				if c := counts[i].Load(); c != 1 {
					t.Fatalf("%d threads: piece %d of %d ran %d times", threads, i, n, c)
				}
			}
		}
	}
}

// Tasks come both while the workers spin and after they have gone to sleep.
func TestPauses(t *testing.T) {
	p := Shared(3)
	var sum atomic.Int64
	for i := range 200 {
		p.Run(5, Func(func(_, i int) { sum.Add(int64(i)) }))
		if i%50 == 0 {
			time.Sleep(2 * time.Millisecond)
		}
	}
	if got := sum.Load(); got != 200*10 {
		t.Errorf("sum %d", got)
	}
}

func TestNestedAndConcurrent(t *testing.T) {
	p := Shared(4)
	var total atomic.Int64
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 50 {
				p.Run(7, Func(func(int, int) {
					p.Run(3, Func(func(int, int) { total.Add(1) }))
				}))
			}
		})
	}
	wg.Wait()
	if got := total.Load(); got != 6*50*7*3 {
		t.Errorf("%d pieces", got)
	}
}

func TestPanicReachesTheCaller(t *testing.T) {
	p := Shared(2)
	for range 20 {
		func() {
			defer func() {
				if v, ok := recover().(string); !ok || !strings.Contains(v, "piece 3") {
					t.Errorf("recovered %v", v)
				}
			}()
			p.Run(9, Func(func(_, i int) {
				if i == 3 {
					panic("piece 3")
				}
			}))
		}()
	}
	var n atomic.Int32
	p.Run(9, Func(func(int, int) { n.Add(1) }))
	if n.Load() != 9 {
		t.Errorf("after a panic %d of 9 pieces ran", n.Load())
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := Shared(2)
	task := Task(Func(func(int, int) {}))
	if n := testing.AllocsPerRun(100, func() { p.Run(8, task) }); n > 0 {
		t.Errorf("%v allocations per run", n)
	}
}

// Runs that overlap leave each other their threads.
func TestRunsShareTheThreads(t *testing.T) {
	const threads = 4
	p := Shared(threads)
	for runs := range threads + 3 {
		for range runs {
			p.Enter()
		}
		most := min(threads, max(1, threads+1-runs))
		for range 20 {
			counts := make([]atomic.Int32, 50)
			p.Run(len(counts), Func(func(worker, i int) {
				if worker >= most {
					t.Errorf("worker %d computes beside %d runs", worker, runs)
				}
				counts[i].Add(1)
			}))
			for i := range counts {
				if c := counts[i].Load(); c != 1 {
					t.Fatalf("%d runs: piece %d ran %d times", runs, i, c)
				}
			}
		}
		for range runs {
			p.Leave()
		}
	}
}

// Runs come and go while others compute.
func TestRunsComeAndGo(t *testing.T) {
	p := Shared(3)
	var total atomic.Int64
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			for range 100 {
				p.Enter()
				for range 3 {
					p.Run(11, Func(func(int, int) { total.Add(1) }))
				}
				p.Leave()
			}
		})
	}
	wg.Wait()
	if got := total.Load(); got != 5*100*3*11 {
		t.Errorf("%d pieces", got)
	}
}

// Workers sleep while there are as many runs as threads, even where tasks came often, and come
// back when there are fewer.
func TestCrowdedWorkersSleep(t *testing.T) {
	p := Shared(2)
	task := Func(func(int, int) {})
	for range 20 {
		for range 3 {
			p.Run(8, task)
		}
		p.Enter()
		p.Enter()
		for !p.workers[0].asleep.Load() {
			time.Sleep(100 * time.Microsecond)
		}
		p.Leave()
		var begun sync.WaitGroup
		begun.Add(2)
		p.Run(2, Func(func(int, int) { // each piece waits for the other: the worker must take one
			begun.Done()
			begun.Wait()
		}))
		p.Leave()
	}
}
