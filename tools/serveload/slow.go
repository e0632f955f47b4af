package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// tricklers are what slow clients send: at once, and then a byte a second for ever.
var tricklers = []struct {
	name, first, byte string
	grpc              bool
}{
	{"headers", "POST /v2/models/%s/infer HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a", false},
	{"a body", "POST /v2/models/%s/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", " ", false},
	{"a body in chunks", "POST /v2/models/%s/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", false},
	{"a body that nobody reads", "POST /nowhere/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", " ", false},
	{"gRPC's preface", "PRI * HTTP/2.0\r\n", "", true},
}

// slow opens connections that send a byte a second, and some that never read their answers, and
// asks as a usual client beside them. All of those must be closed by the server.
func slow(ctx context.Context, s *setting) error {
	const connections, patience = 500, 75 * time.Second // a minute for a body, and what closing takes
	// A client that neither reads nor can send may miss the reset: its system asks a peer without room
	// after doubling times, behind 51 s at 102 s.
	const hearing = 150 * time.Second
	return s.serve(func(t *target) error {
		usual := load{query: t.raw(s.input(1, 1), ""), clients: 1, requests: 500}
		usual.run(ctx) // warm
		idle := usual.run(ctx)
		if err := idle.only(fine); err != nil {
			return err
		}
		begun := time.Now()
		var (
			mu     sync.Mutex
			all    sync.WaitGroup
			closed = map[string][]time.Duration{}
			open   = map[string]int{}
		)
		end := func(name string, ended bool) {
			mu.Lock()
			defer mu.Unlock()
			if ended {
				closed[name] = append(closed[name], time.Since(begun))
			} else {
				open[name]++
			}
		}
		for i := range connections {
			k := tricklers[i%len(tricklers)]
			all.Go(func() { end(k.name, trickle(t, k.first, k.byte, k.grpc, begun.Add(patience))) })
		}
		for range 8 {
			all.Go(func() { end("requests without reading", deaf(t, begun.Add(hearing))) })
		}
		time.Sleep(2 * time.Second) // all are connected, and headers are not over yet
		meanwhile := usual.run(ctx)
		if err := meanwhile.only(fine); err != nil {
			return fmt.Errorf("beside slow clients: %w", err)
		}
		all.Wait()
		for name, list := range closed {
			s.say("%d that send %s: the last closed after %v", len(list), name, list[len(list)-1].Round(100*time.Millisecond))
		}
		if len(open) > 0 {
			return fmt.Errorf("connections are still open after %v, or %v where the client never reads: %v", patience, hearing, open)
		}
		return s.within("p99 of a usual client beside them", meanwhile.quantile(fine, .99), 2*idle.quantile(fine, .99))
	})
}

// trickle sends a byte a second until the server closes the connection, and reports whether it
// did in time.
func trickle(t *target, first, more string, grpc bool, until time.Time) bool {
	address := strings.TrimPrefix(t.server.http, "http://")
	if grpc {
		address = t.server.grpc
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer c.Close()
	if strings.Contains(first, "%s") {
		first = fmt.Sprintf(first, t.name)
	}
	io.WriteString(c, first)
	closed := make(chan struct{})
	go func() {
		io.Copy(io.Discard, c)
		close(closed)
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for time.Now().Before(until) {
		select {
		case <-closed:
			return true
		case <-tick.C:
			io.WriteString(c, more)
		}
	}
	return false
}

// deaf asks again and again without reading an answer, until the server closes the connection.
func deaf(t *target, until time.Time) bool {
	c, err := net.Dial("tcp", strings.TrimPrefix(t.server.http, "http://"))
	if err != nil {
		return false
	}
	defer c.Close()
	c.(*net.TCPConn).SetReadBuffer(4 << 10)
	c.SetWriteDeadline(until)
	ask := strings.Repeat("GET /v2/docs/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 100)
	for {
		if _, err := io.WriteString(c, ask); err != nil {
			return time.Now().Before(until)
		}
	}
}
