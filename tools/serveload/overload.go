package main

import (
	"context"
	"time"
)

// overload has more clients than the server can serve: those that it cannot are told at once,
// and those that it takes wait no longer than the queue is long.
func overload(ctx context.Context, s *setting) error {
	const clients, waiting = 64, 8
	return s.serve(func(t *target) error {
		threads, err := t.server.gauge("octet_threads")
		if err != nil {
			return err
		}
		for _, way := range []struct {
			name  string
			query query
		}{{"HTTP", t.raw(s.input(1, s.batch), "")}, {"gRPC", t.call(s.input(1, s.batch))}} {
			before, earlier, err := t.executions()
			if err != nil {
				return err
			}
			l := load{query: way.query, clients: clients, length: 5 * time.Second, pause: 50 * time.Millisecond}
			got := l.run(ctx)
			if err := got.only(fine, tooMany); err != nil {
				return err
			}
			after, each, err := t.executions()
			if err != nil {
				return err
			}
			// What one request computes while all threads do, from the server's own statistics.
			service := (each*time.Duration(after) - earlier*time.Duration(before)) / time.Duration(max(1, after-before))
			s.say("%s: %v; one computes %v", way.name, got, short(service))
			bound := time.Duration(float64(service) * (waiting/float64(threads) + 1) * 1.5)
			if err := s.within(way.name+": p99 of the answers", got.quantile(fine, .99), bound); err != nil {
				return err
			}
		}
		return nil
	}, "--queue", "8")
}
