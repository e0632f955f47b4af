package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/octet-ml/octet/tensor"
)

// reload replaces the model's file again and again while clients ask, every fifth time by half a
// file. Every answer must be of one file, and memory must not grow with the number of reloads.
func reload(ctx context.Context, s *setting) error {
	files := [2][]byte{}
	for i, name := range []string{s.model, s.other} {
		var err error
		if files[i], err = os.ReadFile(name); err != nil {
			return err
		}
	}
	folder := filepath.Join(s.folder, "reload")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	place := filepath.Join(folder, "m"+filepath.Ext(s.model))
	if err := put(place, files[0], 0); err != nil {
		return err
	}
	p, err := start(s.octet, folder, "--watch", "20ms")
	if err != nil {
		return err
	}
	defer p.stop()
	t, err := to(p, "m")
	if err != nil {
		return err
	}
	defer t.close()
	x := s.input(3, 1)
	answers, err := s.answers(ctx, x)
	if err != nil {
		return err
	}
	if bytes.Equal(answers[0], answers[1]) {
		return fmt.Errorf("%s and %s answer the same: a mixture could not be seen", s.model, s.other)
	}

	ask, stop := context.WithCancel(ctx)
	defer stop()
	var seen [2]atomic.Int64
	one := func(status int, answer []byte) error {
		i := slices.IndexFunc(answers[:], func(want []byte) bool { return bytes.Equal(answer, want) })
		if status != fine || i < 0 {
			return fmt.Errorf("an answer %d of neither file", status)
		}
		seen[i].Add(1)
		return nil
	}
	done := make(chan *tally, 2)
	for _, q := range []query{t.raw(x, ""), t.call(x)} {
		go func() {
			done <- load{query: q, clients: 4, length: time.Hour, check: func(status int, answer []byte) error {
				if ask.Err() != nil {
					return nil
				}
				return one(status, answer)
			}}.run(ask)
		}()
	}
	settled, loaded := int64(0), 0
	for i := range s.reloads {
		content := files[(i+1)%2]
		if i%5 == 4 {
			content = content[:len(content)/2]
		}
		before := [2]int64{seen[0].Load(), seen[1].Load()}
		if err := put(place, content, i+1); err != nil {
			return err
		}
		if i%5 == 4 { // the log says that it was refused; what was served still answers
			time.Sleep(100 * time.Millisecond)
		} else {
			for deadline := time.Now().Add(time.Minute); seen[(i+1)%2].Load() == before[(i+1)%2]; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					return fmt.Errorf("reload %d is not served after a minute", i)
				}
			}
			loaded++
		}
		if i == s.reloads/5 { // by now both files and all buffers have been in memory
			if settled, err = p.settled(); err != nil {
				return err
			}
		}
	}
	stop()
	for range 2 {
		for text, n := range (<-done).wrong {
			if !strings.Contains(text, context.Canceled.Error()) {
				return fmt.Errorf("%d x %s", n, text)
			}
		}
	}
	now, err := p.settled()
	if err != nil {
		return err
	}
	growth := float64(now-settled) / float64(settled)
	s.say("%d reloads and %d broken files, %d answers of one file, %d of the other, no request failed", loaded, s.reloads-loaded, seen[0].Load(), seen[1].Load())
	s.say("memory %d KiB after a fifth of them, %d KiB at the end: %+.1f %%, promised 5 %%", settled>>10, now>>10, 100*growth)
	if growth > .05 {
		return fmt.Errorf("memory has grown by %.1f %%", 100*growth)
	}
	return p.stop()
}

// settled is the resident memory, the least of a few looks after a collection.
func (p *process) settled() (int64, error) {
	least := int64(0)
	for range 10 {
		if _, _, err := p.state(); err != nil { // collects
			return 0, err
		}
		now, _, err := p.resident()
		if err != nil {
			return 0, err
		}
		if least == 0 || now < least {
			least = now
		}
		time.Sleep(100 * time.Millisecond)
	}
	return least, nil
}

// answers are those of the two files, each from a server of its own.
func (s *setting) answers(ctx context.Context, x *tensor.Tensor) (all [2][]byte, err error) {
	model := s.model
	defer func() { s.model = model }()
	for i, file := range []string{s.model, s.other} {
		s.model = file
		if err = s.serve(func(t *target) error {
			status, answer, err := t.raw(x, "")(ctx)
			if err == nil && status != fine {
				err = fmt.Errorf("%s: %d %s", file, status, answer)
			}
			all[i] = answer
			return err
		}); err != nil {
			return all, err
		}
	}
	return all, nil
}

// put replaces a file in one step, and gives it a time of its own.
func put(path string, content []byte, seconds int) error {
	if err := os.WriteFile(path+".part", content, 0o644); err != nil {
		return err
	}
	at := time.Unix(1e9+int64(seconds), 0)
	if err := os.Chtimes(path+".part", at, at); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}
