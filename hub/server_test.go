package hub

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/octet-ml/octet/internal/testseed"
)

// server serves one file at any path, with as much malice as a test asks for.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	content  []byte
	etag     string // `"v1"`
	modified time.Time
	requests []*http.Request
	// misbehave answers in place of the file when it returns true; n counts the
	// requests from 0.
	misbehave func(n int, w http.ResponseWriter, r *http.Request) bool
}

func newServer(t *testing.T, content []byte) *server {
	t.Helper()
	s := &server{content: content, etag: `"v1"`}
	before := goleak.IgnoreCurrent()
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		goleak.VerifyNone(t, before)
	})
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	n := len(s.requests)
	s.requests = append(s.requests, r.Clone(r.Context()))
	content, etag, modified, misbehave := s.content, s.etag, s.modified, s.misbehave
	s.mu.Unlock()
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	if misbehave != nil && misbehave(n, w, r) {
		return
	}
	http.ServeContent(w, r, "", modified, bytes.NewReader(content))
}

// count is how many requests came.
func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// request is the i-th that came, as it came.
func (s *server) request(i int) *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[i]
}

// options fetch from s into a new cache, without anything of this machine.
func (s *server) options(t *testing.T) Options {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return Options{Cache: t.TempDir(), Client: &http.Client{Transport: transport}, Backoff: time.Millisecond, NoTorchCache: true}
}

// blob is a file of n bytes, new in every run, with the name that it gets.
func blob(t *testing.T, n int) (content []byte, name string) {
	t.Helper()
	content = make([]byte, n)
	r := testseed.Rand(t)
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	return content, fmt.Sprintf("net-%s.pth", hashOf(content)[:8])
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// mustHold checks that the file is there and that nothing else is but locks.
func mustHold(t *testing.T, path string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s holds %d bytes (%v), not the %d that were served", path, len(got), err, len(want))
	}
	if entries := filesIn(t, filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("the cache holds %v", entries)
	}
}

// filesIn lists the files of a folder without locks.
func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	all, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		if filepath.Ext(e.Name()) != ".lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

// announce writes a raw answer with a Content-Length that need not be true, and
// ends the connection.
func announce(w http.ResponseWriter, length int, body []byte) bool {
	conn, buffer, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprintf(buffer, "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", length)
	buffer.Write(body)
	buffer.Flush()
	return true
}

// cutAfter serves what is asked for, but ends the connection after n bytes of it.
func cutAfter(w http.ResponseWriter, r *http.Request, content []byte, n int) bool {
	rec := &cutter{ResponseWriter: w, left: n}
	defer func() { recover() }() // the cutter's own panic; the server's follows
	http.ServeContent(rec, r, "", time.Time{}, bytes.NewReader(content))
	return true
}

// cutter lets n bytes of the body pass, then aborts the connection.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(b []byte) (int, error) {
	if len(b) < c.left {
		c.left -= len(b)
		return c.ResponseWriter.Write(b)
	}
	c.ResponseWriter.Write(b[:c.left])
	http.NewResponseController(c.ResponseWriter).Flush()
	conn, _, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err == nil {
		conn.Close()
	}
	return 0, http.ErrAbortHandler
}
