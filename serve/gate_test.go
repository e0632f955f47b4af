package serve

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/octet-ml/octet/tensor"
)

// No more requests compute than there are slots, so many wait, and the others are told at once.
func TestGate(t *testing.T) {
	g := newGate(2, 3)
	ctx := context.Background()
	for range 2 {
		if err := g.enter(ctx, nil); err != nil {
			t.Fatal(err)
		}
	}
	entered := make(chan error, 3)
	for range 3 {
		go func() { entered <- g.enter(ctx, nil) }()
	}
	for g.waiting.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	var e *Error
	if err := g.enter(ctx, nil); !errors.As(err, &e) || e.Code != Exhausted || e.RetryAfter < time.Second {
		t.Errorf("with a full queue: %v", err)
	}
	if len(entered) != 0 {
		t.Error("more than two compute")
	}
	for range 3 {
		g.leave(time.Millisecond)
		if err := <-entered; err != nil {
			t.Error(err)
		}
	}
	if g.waiting.Load() != 0 || len(g.slots) != 2 {
		t.Errorf("%d wait and %d compute", g.waiting.Load(), len(g.slots))
	}
}

// Whoever's time is over does not compute, whether it waits or has just come.
func TestDeadlinesInTheQueue(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "m.onnx"), scaled(1), 0)
	h := newHost(t, Options{Paths: []string{folder}, Threads: 1, Queue: 8})
	if err := h.gate.enter(t.Context(), nil); err != nil { // a request that computes
		t.Fatal(err)
	}
	in := []Input{{Name: "x", Data: tensor.Of([]float32{1, 2}, 1, 2)}}
	_, err := h.Infer(t.Context(), "m", "", &Request{Inputs: in, Timeout: time.Millisecond})
	refuses(t, err, Deadline, "time")
	gone, leave := context.WithCancel(t.Context())
	var waits sync.WaitGroup
	waits.Go(func() {
		_, err := h.Infer(gone, "m", "", &Request{Inputs: in})
		refuses(t, err, Canceled, "gone")
	})
	for h.Queued() == 0 {
		time.Sleep(time.Millisecond)
	}
	leave()
	waits.Wait()
	h.gate.leave(time.Millisecond)
	_, err = h.Infer(gone, "m", "", &Request{Inputs: in})
	refuses(t, err, Canceled, "gone")
	list, err := h.Statistics("m", "1")
	if err != nil || list[0].Executions != 0 || list[0].Fail.Count != 3 {
		t.Errorf("%+v, %v", list, err)
	}
}

// Under more clients than the queue holds there are answers and rejections, and nothing else.
func TestOverload(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "m.onnx"), scaled(1), 0)
	h := newHost(t, Options{Paths: []string{folder}, Threads: 2, Queue: 4})
	var clients sync.WaitGroup
	for range 64 {
		clients.Go(func() {
			for range 20 {
				got, err := ask(h, "m", "")
				if e := AsError(err); e != nil && e.Code != Exhausted || e == nil && got != 1 {
					t.Errorf("%v, %v", got, err)
				}
			}
		})
	}
	clients.Wait()
	if h.Queued() != 0 || h.Computing() != 0 {
		t.Errorf("%d wait and %d compute when all is done", h.Queued(), h.Computing())
	}
}

// Admit refuses what Infer would, counts it, and reserves nothing.
func TestAdmit(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "m.onnx"), scaled(1), 0)
	var seen []Outcome
	h := newHost(t, Options{Paths: []string{folder}, Threads: 1, Queue: -1, Observe: func(o Outcome) { seen = append(seen, o) }})
	for range 3 {
		if err := h.Admit("m", ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.gate.enter(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	refuses(t, h.Admit("m", ""), Exhausted, "wait already")
	h.gate.leave(time.Millisecond)
	refuses(t, h.Admit("m", "7"), NotFound, "no version")
	refuses(t, h.Admit("made up", ""), NotFound, "not served")
	if len(seen) != 3 || seen[0].Model != "m" || seen[0].Version != "1" || seen[0].Err.Code != Exhausted || seen[2].Model != "" {
		t.Errorf("%+v", seen)
	}
	if list, err := h.Statistics("m", "1"); err != nil || list[0].Fail.Count != 1 || list[0].Executions != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestTokens(t *testing.T) {
	var none *Tokens
	some := NewTokens("one", "two")
	for header, want := range map[string]bool{"Bearer one": true, "bearer two": true, "Bearer three": false, "Basic one": false, "one": false, "": false, "Bearer ": false} {
		if some.Allow(header) != want || !none.Allow(header) || NewTokens().Allow(header) {
			t.Errorf("%q: allowed %v", header, !want)
		}
	}
	some.Set("three")
	if some.Allow("Bearer one") || !some.Allow("Bearer three") {
		t.Error("the tokens have not changed")
	}
}
