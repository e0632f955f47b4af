package rest

import (
	"bufio"
	"compress/zlib"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve"
)

// dial opens a connection of its own to the server.
func (s *testServer) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// The server ends connections of clients that send a body without end, whether something reads
// it or not, and of those that do not read their answers.
func TestSlowClients(t *testing.T) {
	s := newServer(t, Options{BodyTimeout: 300 * time.Millisecond}, serve.Options{})
	for name, head := range map[string]string{
		"a body":                    "POST " + inferDemo + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
		"a body in chunks":          "POST " + inferDemo + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"a body that nobody reads":  "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
		"a body for no model":       "POST /v2/models/none/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
		"a body behind what breaks": "POST " + inferDemo + " HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n0123456789abcdef",
	} {
		c := s.dial(t)
		if _, err := io.WriteString(c, head); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(c) // until the server closes it
		if err != nil || name == "a body" && !strings.HasPrefix(string(text), "HTTP/1.1 408 ") {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
	c := s.dial(t)
	ask := strings.Repeat("GET /v2/docs/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 1000)
	for { // until the server closes it
		if _, err := io.WriteString(c, ask); err != nil {
			break
		}
	}
}

// A request may take longer than a body or an answer may: the client has come in its time.
func TestLongRequests(t *testing.T) {
	const timeout = 400 * time.Millisecond
	s := newServer(t, Options{BodyTimeout: timeout}, serve.Options{})
	hold := make(chan struct{})
	inner := s.Config.Handler.(*handler)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slow := &timely{w, timeout}
		slow.limit()
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout))
		if _, err := inner.body(slow, r, 0); err != nil {
			t.Error(err)
		}
		<-hold
		if err := r.Context().Err(); err != nil {
			t.Error("the request has ended: ", err)
		}
		answer(slow, http.StatusOK, "done")
	})
	time.AfterFunc(3*timeout, func() { close(hold) })
	if r := s.post(t, inferDemo, "{}"); r.status != http.StatusOK || !strings.Contains(string(r.body), "done") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// Many small chunks are a body like another.
func TestManyChunks(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	c := s.dial(t)
	go func() {
		w := bufio.NewWriter(c)
		fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", inferDemo)
		for range 100_000 {
			io.WriteString(w, "1\r\n \r\n")
		}
		io.WriteString(w, "0\r\n\r\n")
		w.Flush()
	}()
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || a.StatusCode != http.StatusBadRequest {
		t.Fatal(a, err)
	}
	a.Body.Close()
}

// A server whose queue is full says so and does not decode the request, and the connection stays
// open for the next.
func TestFullQueue(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{Threads: 1, Queue: -1})
	wrong := strings.Repeat("no request", 100_000)
	c := s.dial(t)
	answers := bufio.NewReader(c)
	for n := 1000; ; n *= 2 { // until the request that computes takes long enough
		body, length := binaryRequest(noise(t, n), "")
		busy := make(chan reply, 1)
		go func() { busy <- s.post(t, inferDemo, body, headLength, length) }()
		for s.host.Computing() == 0 && len(busy) == 0 {
			time.Sleep(time.Millisecond)
		}
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", inferDemo, len(wrong), wrong)
		a, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(a.Body)
		if err != nil || a.Close {
			t.Fatal("the connection ends: ", err)
		}
		a.Body.Close()
		if r := <-busy; r.status != http.StatusOK {
			t.Fatalf("the long request: %d %s", r.status, r.body)
		}
		if a.StatusCode == http.StatusTooManyRequests && a.Header.Get("Retry-After") != "" {
			return
		}
		if n > 10_000 {
			t.Fatalf("a wrong request: %d %v %s", a.StatusCode, a.Header, text)
		}
	}
}

// What stands behind a packed body is not passed over.
func TestBehindPackedBodies(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	var b strings.Builder
	z := zlib.NewWriter(&b)
	if _, err := io.WriteString(z, "{}"); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	s.post(t, inferDemo, b.String()+strings.Repeat("x", 10_000), "Content-Encoding", "deflate").refused(t, "trailing bytes", http.StatusBadRequest, "behind what is packed")
	s.post(t, inferDemo, b.String(), "Content-Encoding", "deflate").refused(t, "without", http.StatusBadRequest, "no inputs")
}
