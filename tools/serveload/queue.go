package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// queue fills all threads with long requests, and lets requests behind them expire or leave.
// The count of computations must rise by the long ones alone. A try in which the long ones ended
// first says nothing: the next has longer ones.
func queue(ctx context.Context, s *setting) error {
	return s.serve(func(t *target) error {
		for n := 8 * s.batch; n <= 1<<15; n *= 2 {
			done, err := leaving(ctx, s, t, n)
			if err != nil || done {
				return err
			}
		}
		return fmt.Errorf("no request took long enough: give a larger -batch")
	}, "--queue", "64")
}

// leaving is a try with long requests of n inputs. It reports whether they were long enough.
func leaving(ctx context.Context, s *setting, t *target, n int) (bool, error) {
	threads, err := t.server.gauge("octet_threads")
	if err != nil {
		return false, err
	}
	before, _, err := t.executions()
	if err != nil {
		return false, err
	}
	long := t.call(s.input(1, n))
	occupied := make(chan int, threads)
	for range threads {
		go func() {
			status, _, _ := long(ctx)
			occupied <- status
		}()
	}
	if ok, err := until(t.server, "octet_computing", threads, occupied); err != nil || !ok {
		return false, err
	}
	const each = 10
	gone, leave := context.WithCancel(ctx)
	defer leave()
	var (
		mu      sync.Mutex
		clients sync.WaitGroup
		got     []int
	)
	ask := func(ctx context.Context, q query) {
		clients.Go(func() {
			status, _, _ := q(ctx)
			mu.Lock()
			got = append(got, status)
			mu.Unlock()
		})
	}
	soon, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	x := s.input(2, 1)
	for range each {
		ask(ctx, t.raw(x, `,"timeout":1000`)) // microseconds
		ask(soon, t.call(x))
		ask(gone, t.raw(x, ""))
		ask(gone, t.call(x))
	}
	for { // until those that expire have, and the others wait
		mu.Lock()
		ended := len(got)
		mu.Unlock()
		queued, err := t.server.gauge("octet_queue_length")
		if err != nil {
			return false, err
		}
		if ended >= 2*each && queued == 2*each {
			break
		}
		if len(occupied) > 0 {
			leave()
			clients.Wait()
			return false, nil
		}
		time.Sleep(time.Millisecond)
	}
	leave()
	clients.Wait()
	if ok, err := until(t.server, "octet_queue_length", 0, occupied); err != nil || !ok {
		return false, err
	}
	if slices.Contains(got, fine) {
		return false, fmt.Errorf("requests whose time was over were answered: %v", got)
	}
	for range threads {
		if status := <-occupied; status != fine {
			return false, fmt.Errorf("a request that computed got %d", status)
		}
	}
	// One more, computed behind all that still waited.
	if status, _, err := t.raw(x, "")(ctx); status != fine {
		return false, fmt.Errorf("a request after them: %d, %w", status, err)
	}
	after, _, err := t.executions()
	if err != nil {
		return false, err
	}
	s.say("%d requests expired or left while they waited: %d computations for %d requests that were answered", len(got), after-before, threads+1)
	if after-before != uint64(threads+1) {
		return false, fmt.Errorf("%d computations for %d answers", after-before, threads+1)
	}
	return true, nil
}

// until waits for a metric to have a value; false where a request told so on ended first.
func until[T any](p *process, metric string, want int64, ended chan T) (bool, error) {
	for len(ended) == 0 {
		n, err := p.gauge(metric)
		if err != nil || n == want {
			return err == nil, err
		}
		time.Sleep(time.Millisecond)
	}
	return false, nil
}
