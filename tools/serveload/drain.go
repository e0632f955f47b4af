package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"
)

// drain ends a server while requests compute and wait. From the signal on it must say that it is
// not ready, before any of those requests has ended, and answer each of them.
func drain(ctx context.Context, s *setting) error {
	for n := 8 * s.batch; n <= 1<<15; n *= 2 {
		if done, err := ending(ctx, s, n); err != nil || done {
			return err
		}
	}
	return fmt.Errorf("no request took long enough: give a larger -batch")
}

// ending is a try with requests of n inputs. It reports whether they were long enough.
func ending(ctx context.Context, s *setting, n int) (long bool, err error) {
	const threads, inFlight = 2, 6
	p, err := start(s.octet, s.model, "--drain-delay", "200ms", "--threads", fmt.Sprint(threads))
	if err != nil {
		return false, err
	}
	defer p.stop()
	t, err := to(p, stem(s.model))
	if err != nil {
		return false, err
	}
	defer t.close()
	type outcome struct {
		status int
		err    error
	}
	done := make(chan outcome, inFlight)
	send := func(count, n int) {
		for i := range count {
			q := t.raw(s.input(1, n), "")
			if i%2 == 1 {
				q = t.call(s.input(1, n))
			}
			go func() {
				status, _, err := q(ctx)
				done <- outcome{status, err}
			}()
		}
	}
	send(threads, n)
	if ok, err := until(p, "octet_computing", threads, done); err != nil || !ok {
		return false, err
	}
	send(inFlight-threads, 1) // which come quickly, and wait for those
	if ok, err := until(p, "octet_queue_length", inFlight-threads, done); err != nil || !ok {
		return false, err
	}
	signalled := time.Now()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return false, err
	}
	for {
		a, err := t.client.Get(p.http + "/v2/health/ready")
		if err != nil {
			return false, fmt.Errorf("health is not answered during the delay: %w", err)
		}
		io.Copy(io.Discard, a.Body)
		a.Body.Close()
		if a.StatusCode == http.StatusServiceUnavailable {
			break
		}
		if len(done) > 0 {
			return false, nil
		}
	}
	notReady := time.Since(signalled)
	if len(done) > 0 {
		return false, nil
	}
	for range inFlight {
		if o := <-done; o.status != fine {
			return false, fmt.Errorf("a request in flight at SIGTERM: %d, %v", o.status, o.err)
		}
	}
	answered := time.Since(signalled)
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		return false, fmt.Errorf("the server has not ended a minute after SIGTERM")
	}
	if p.err != nil {
		return false, fmt.Errorf("the server's end: %w", p.err)
	}
	s.say("not ready %v after SIGTERM, %d requests in flight answered within %v, exit code 0 after %v", short(notReady), inFlight, short(answered), short(time.Since(signalled)))
	return true, nil
}
