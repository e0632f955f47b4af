package rest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve"
)

// TestClientGone: a request whose client has gone while it waited is not computed.
func TestClientGone(t *testing.T) {
	s := newServer(t, Options{MaxBody: 1 << 30}, serve.Options{Threads: 1, Queue: 4})
	until := func(done func() bool) {
		for !done() && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
	executions := func() (success, fail uint64) {
		list, err := s.host.Statistics("fashion_resnet8", "")
		if err != nil {
			t.Fatal(err)
		}
		return list[0].Success.Count, list[0].Fail.Count
	}
	send := func(ctx context.Context, n int) <-chan struct{} {
		body, length := binaryRequest(noise(t, n), "")
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+inferDemo, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(headLength, length)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if a, err := http.DefaultClient.Do(r); err == nil {
				a.Body.Close()
			}
		}()
		return done
	}
	// The one that computes is made longer until the other comes and goes meanwhile.
	for n := 1000; ; n *= 2 {
		before, failed := executions()
		long := send(t.Context(), n)
		until(func() bool { success, _ := executions(); return s.host.Computing() == 1 || success > before })
		ctx, cancel := context.WithCancel(t.Context())
		waiting := send(ctx, 1)
		until(func() bool { success, _ := executions(); return s.host.Queued() == 1 || success > before })
		cancel()
		<-waiting
		until(func() bool {
			_, fail := executions()
			success, _ := executions()
			return fail > failed || success > before
		})
		success, fail := executions()
		<-long
		if success > before { // the long one was too short
			until(func() bool { return s.host.Computing() == 0 && s.host.Queued() == 0 })
			continue
		}
		if fail != failed+1 {
			t.Errorf("%d requests failed, want 1", fail-failed)
		}
		if success, _ = executions(); success != before+1 {
			t.Errorf("%d requests were computed, want the one whose client stayed", success-before)
		}
		return
	}
}
