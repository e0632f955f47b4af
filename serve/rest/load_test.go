package rest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve"
)

// ask makes a request of the demo's model, and returns the elements of its answer.
func (s *testServer) ask(ctx context.Context, client *http.Client, body string, header ...string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+inferDemo, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%d %s, %w", a.StatusCode, b, err)
	}
	n, err := strconv.Atoi(a.Header.Get(headLength))
	if err != nil || n > len(b) {
		return nil, fmt.Errorf("%v: %w", a.Header, err)
	}
	return b[n:], nil
}

// Every client has the bytes of its own requests, however many there are, in whatever form they
// send, and with one thread or with several.
func TestManyClients(t *testing.T) {
	const binaryOutput = `,"parameters":{"binary_data_output":true}`
	for _, threads := range []int{1, 2} {
		s := newServer(t, Options{}, serve.Options{Threads: threads})
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
		defer client.CloseIdleConnections()
		var clients sync.WaitGroup
		for c := range 18 {
			var body string
			var header []string
			var want []byte
			switch c % 3 {
			case 0:
				x := noise(t, 1+c%4)
				x.Float32s()[0] = float32(c)
				var length string
				body, length = binaryRequest(x, binaryOutput)
				header, want = []string{headLength, length}, s.logits(t, serve.Input{Data: x}).Bytes()
			case 1:
				x := noise(t, 1)
				x.Float32s()[0] = float32(c)
				text, err := json.Marshal(x.Float32s())
				if err != nil {
					t.Fatal(err)
				}
				body, want = one(`"shape":[1,1,28,28],"datatype":"FP32","data":`+string(text)), s.logits(t, serve.Input{Data: x}).Bytes()
			case 2:
				file := picture(t)
				body = one(`"shape":[1],"datatype":"BYTES","data":["` + base64.StdEncoding.EncodeToString(file) + `"]`)
				want = s.logits(t, serve.Input{Shape: []int{1}, Images: [][]byte{file}}).Bytes()
			}
			if c%3 > 0 {
				body = strings.TrimSuffix(body, "}") + binaryOutput + "}"
			}
			clients.Go(func() {
				for range 5 {
					if got, err := s.ask(t.Context(), client, body, header...); err != nil || !bytes.Equal(got, want) {
						t.Errorf("client %d: other bytes, %v", c, err)
						return
					}
				}
			})
		}
		clients.Wait()
	}
}

// Requests leave no goroutine behind, whether they are answered, refused or left by their clients.
func TestNothingIsLeft(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{Threads: 2, Queue: 4})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	body, length := binaryRequest(noise(t, 1), `,"parameters":{"binary_data_output":true}`)
	round := func() {
		var clients sync.WaitGroup
		for c := range 12 {
			clients.Go(func() {
				for i := range 20 {
					ctx, cancel := context.WithCancel(t.Context())
					switch (c + i) % 4 {
					case 0:
						go cancel()
						s.ask(ctx, client, body, headLength, length)
					case 1:
						s.ask(ctx, client, body[:100], headLength, length)
					default:
						s.ask(ctx, client, body, headLength, length) // or the queue is full
					}
					cancel()
				}
			})
		}
		clients.Wait()
		client.CloseIdleConnections()
	}
	round() // opens what stays open
	before := runtime.NumGoroutine()
	for range 3 {
		round()
	}
	left := func() bool { return runtime.NumGoroutine() > before || s.host.Queued() > 0 || s.host.Computing() > 0 }
	for end := time.Now().Add(10 * time.Second); left(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d requests wait, %d compute; %d goroutines before, %d after: %s", s.host.Queued(), s.host.Computing(),
				before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}
