package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// query sends one request and reads its answer. The status is HTTP's, or that of gRPC's code;
// the error is of a connection that failed.
type query func(ctx context.Context) (status int, answer []byte, err error)

// load is what clients did: each waits for an answer before it sends its next request.
type load struct {
	query   query
	clients int
	// The end: so many requests of all clients together, or, where it is 0, so long.
	requests int
	length   time.Duration
	pause    time.Duration // of a client that was told to come again
	// check judges an answer; nil takes every one.
	check func(status int, answer []byte) error
}

// tally is what came of a load.
type tally struct {
	took   map[int][]time.Duration // by status, ascending
	length time.Duration
	wrong  map[string]int // errors, and how often
}

// run makes the requests.
func (l load) run(ctx context.Context) *tally {
	var (
		mu      sync.Mutex
		clients sync.WaitGroup
		begun   = time.Now()
		sent    int
	)
	t := &tally{took: map[int][]time.Duration{}, wrong: map[string]int{}}
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		sent++
		return ctx.Err() == nil && (l.requests > 0 && sent <= l.requests || l.requests == 0 && time.Since(begun) < l.length)
	}
	for range l.clients {
		clients.Go(func() {
			for next() {
				from := time.Now()
				status, answer, err := l.query(ctx)
				took := time.Since(from)
				if err == nil && l.check != nil {
					err = l.check(status, answer)
				}
				mu.Lock()
				if err != nil {
					t.wrong[err.Error()]++
				} else {
					t.took[status] = append(t.took[status], took)
				}
				mu.Unlock()
				if status == tooMany {
					time.Sleep(l.pause)
				}
			}
		})
	}
	clients.Wait()
	t.length = time.Since(begun)
	for _, list := range t.took {
		slices.Sort(list)
	}
	return t
}

// quantile is the time below which a part of the answers of a status came.
func (t *tally) quantile(status int, part float64) time.Duration {
	list := t.took[status]
	if len(list) == 0 {
		return 0
	}
	return list[min(len(list)-1, int(part*float64(len(list))))]
}

// only is an error where something else came than answers of these statuses.
func (t *tally) only(statuses ...int) error {
	var wrong []string
	for text, n := range t.wrong {
		wrong = append(wrong, fmt.Sprintf("%d x %s", n, text))
	}
	for _, status := range slices.Sorted(maps.Keys(t.took)) {
		if !slices.Contains(statuses, status) {
			wrong = append(wrong, fmt.Sprintf("%d x %d", len(t.took[status]), status))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("beside answers of %v came: %s", statuses, strings.Join(wrong, "; "))
	}
	if len(t.took) == 0 {
		return fmt.Errorf("no answer came")
	}
	return nil
}

// String lists how many answers of each status came, and in which time.
func (t *tally) String() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(t.took)) {
		parts = append(parts, fmt.Sprintf("%d x %d (p50 %v, p90 %v, p99 %v)", len(t.took[status]), status,
			short(t.quantile(status, .5)), short(t.quantile(status, .9)), short(t.quantile(status, .99))))
	}
	return strings.Join(parts, ", ")
}

func short(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
