package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// leaks makes mixed requests, right ones and wrong ones, and compares goroutines and heap with
// those at the start.
func leaks(ctx context.Context, s *setting) error {
	return s.serve(func(t *target) error {
		file, err := photo(6, s.shape[1], s.shape[2])
		if err != nil {
			return err
		}
		gone := func(q query) query { // a client that leaves at once, or soon
			return func(ctx context.Context) (int, []byte, error) {
				ctx, cancel := context.WithTimeout(ctx, 300*time.Microsecond)
				defer cancel()
				if status, answer, err := q(ctx); err == nil {
					return status, answer, nil
				}
				return expired, nil, nil
			}
		}
		none := func(http.Header, []byte) ([]byte, error) { return nil, nil }
		ways := []struct {
			query    query
			clients  int
			share    int // of 16
			statuses []int
		}{
			{t.raw(s.input(1, 1), ""), 4, 3, []int{fine}},
			{t.raw(s.input(1, 3), ""), 2, 1, []int{fine}},
			{t.text(s.input(1, 1)), 4, 2, []int{fine}},
			{t.picture(file), 4, 2, []int{fine}},
			{t.call(s.input(1, 1)), 4, 3, []int{fine}},
			{t.call(s.input(1, 2), packed), 2, 1, []int{fine}},
			{t.post([]byte(`{"inputs":[`), none), 2, 1, []int{http.StatusBadRequest}},
			{t.post([]byte("no image"), none, "Content-Type", "image/png"), 2, 1, []int{http.StatusBadRequest}},
			{gone(t.raw(s.input(1, s.batch), "")), 4, 1, []int{fine, expired}},
			{gone(t.call(s.input(1, s.batch))), 4, 1, []int{fine, expired}},
		}
		round := func(requests int) error {
			failed := make(chan error, len(ways))
			for _, w := range ways {
				go func() {
					got := load{query: w.query, clients: w.clients, requests: max(1, requests*w.share/16)}.run(ctx)
					failed <- got.only(w.statuses...)
				}()
			}
			for range ways {
				if err := <-failed; err != nil {
					return err
				}
			}
			return nil
		}
		if err := round(max(2000, s.requests/20)); err != nil { // fills what is kept
			return err
		}
		goroutines, heap, err := t.rest()
		if err != nil {
			return err
		}
		resident, err := t.server.settled()
		if err != nil {
			return err
		}
		begun := time.Now()
		if err := round(s.requests); err != nil {
			return err
		}
		took := time.Since(begun)
		var after, heapAfter int64
		for range 100 { // connections that were cut end a little later
			if after, heapAfter, err = t.rest(); err != nil {
				return err
			}
			if after <= goroutines {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		residentAfter, err := t.server.settled()
		if err != nil {
			return err
		}
		const slack = 1 << 20 // of tables that grow with what has been seen
		s.say("%d requests in %v: %d goroutines before, %d after; heap %d KiB before, %d KiB after; memory %d KiB before, %d KiB after", s.requests, took.Round(100*time.Millisecond),
			goroutines, after, heap>>10, heapAfter>>10, resident>>10, residentAfter>>10)
		switch {
		case after > goroutines:
			return fmt.Errorf("%d goroutines are left", after-goroutines)
		case heapAfter > heap+heap/20+slack:
			return fmt.Errorf("the heap has grown by %d KiB", (heapAfter-heap)>>10)
		}
		return nil
	}, "--queue", "1000")
}

// rest is the server's state when the clients have closed their connections.
func (t *target) rest() (goroutines, heap int64, err error) {
	t.client.CloseIdleConnections()
	http.DefaultClient.CloseIdleConnections()
	time.Sleep(100 * time.Millisecond)
	return t.server.state()
}
