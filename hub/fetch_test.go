package hub

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fails checks that err is there and says all parts.
func fails(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; it should say %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%v\ndoes not say %q", err, p)
		}
	}
}

func TestFetchOnce(t *testing.T) {
	content, name := blob(t, 300_000)
	s := newServer(t, content)
	o := s.options(t)
	var last, total int64
	o.Progress = func(done, of int64) {
		if done < last {
			t.Errorf("progress fell from %d to %d", last, done)
		}
		last, total = done, of
	}
	for range 2 {
		path, err := Fetch(t.Context(), s.URL+"/m/"+name, name, "", o)
		if err != nil {
			t.Fatal(err)
		}
		mustHold(t, path, content)
	}
	if s.count() != 1 || last != 300_000 || total != 300_000 {
		t.Errorf("%d requests, progress %d of %d", s.count(), last, total)
	}
}

func TestCutConnectionsAreResumed(t *testing.T) {
	content, name := blob(t, 1_000_000)
	for _, etag := range []string{`"v1"`, `W/"v1"`, ""} {
		s := newServer(t, content)
		s.etag = etag
		s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
			return n < 9 && cutAfter(w, r, content, 100_000)
		}
		o := s.options(t)
		o.Retries = 2
		path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		if err != nil {
			t.Fatalf("ETag %s: %v", etag, err)
		}
		mustHold(t, path, content)
		if s.count() != 10 {
			t.Errorf("ETag %s: %d requests for ten pieces", etag, s.count())
		}
		last := s.request(9).Header
		if last.Get("Range") == "" || etag == `"v1"` && last.Get("If-Range") != etag || etag != `"v1"` && last.Get("If-Range") != "" {
			t.Errorf("ETag %s: last request has Range %q, If-Range %q", etag, last.Get("Range"), last.Get("If-Range"))
		}
	}
}

func TestUnverifiedFilesResumeOnlyByETag(t *testing.T) {
	content, _ := blob(t, 400_000)
	for etag, want := range map[string]string{`"v1"`: "bytes=100000-", "": "", `W/"v1"`: ""} {
		s := newServer(t, content)
		s.etag = etag
		s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
			return n == 0 && cutAfter(w, r, content, 100_000)
		}
		path, err := Fetch(t.Context(), s.URL+"/x.bin", "x.bin", "", s.options(t))
		if err != nil {
			t.Fatal(err)
		}
		mustHold(t, path, content)
		if got := s.request(1).Header.Get("Range"); got != want {
			t.Errorf("ETag %s: Range %q, want %q", etag, got, want)
		}
	}
}

func TestServerThatIgnoresRange(t *testing.T) {
	content, name := blob(t, 500_000)
	s := newServer(t, content)
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		r.Header.Del("Range")
		return n < 3 && cutAfter(w, r, content, 200_000)
	}
	path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", s.options(t))
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, content)
}

func TestServerThatNeverGetsFurtherIsGivenUp(t *testing.T) {
	content, name := blob(t, 500_000)
	s := newServer(t, content)
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		r.Header.Del("Range")
		return cutAfter(w, r, content, 200_000)
	}
	o := s.options(t)
	o.Retries = 3
	_, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
	fails(t, err, name, "without getting further", s.URL, "200000 of 500000", "place it at "+filepath.Join(o.Cache, name))
	if n := s.count(); n != 1+4 { // the first gets somewhere, four do not
		t.Errorf("%d requests", n)
	}
}

func TestFileChangesBetweenResumes(t *testing.T) {
	old, _ := blob(t, 500_000)
	content, name := blob(t, 500_000)
	for what, lie := range map[string]bool{"server heeds If-Range": false, "server keeps the ETag": true} {
		s := newServer(t, old)
		s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n == 0 {
				s.mu.Lock()
				s.content = content
				if !lie {
					s.etag = `"v2"`
				}
				s.mu.Unlock()
				return cutAfter(w, r, old, 200_000)
			}
			return false
		}
		path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", s.options(t))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		mustHold(t, path, content)
	}
}

func TestWrongRangesAreNotMixedIn(t *testing.T) {
	content, name := blob(t, 500_000)
	for _, header := range []string{"bytes 0-299999/500000", "bytes 200000-499999/600000", "bytes 1-2/3", "nonsense", "", "bytes 200000-100/500000"} {
		s := newServer(t, content)
		s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				w.Header().Set("Content-Range", header)
				w.WriteHeader(http.StatusPartialContent)
				w.Write(content[:300_000])
				return true
			}
			return n == 0 && cutAfter(w, r, content, 200_000)
		}
		path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", s.options(t))
		if err != nil {
			t.Fatalf("%s: %v", header, err)
		}
		mustHold(t, path, content)
		if got := s.request(2).Header.Get("Range"); got != "" {
			t.Errorf("after %q the next request has Range %q", header, got)
		}
	}
}

func TestWrongFileIsRefused(t *testing.T) {
	content, name := blob(t, 1000)
	s := newServer(t, []byte("<html>log in first</html>"))
	// Both spellings of the name are verified.
	for _, name := range []string{name, strings.Replace(name, "-", "_", 1)} {
		o := s.options(t)
		before := s.count()
		_, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		fails(t, err, s.URL+"/"+name, hashOf(content)[:8], hashOf([]byte("<html>log in first</html>"))[:8], "25 bytes")
		var wrong *HashError
		if !errors.As(err, &wrong) || s.count() != before+1 {
			t.Errorf("%T after %d requests", err, s.count()-before)
		}
		if left := filesIn(t, o.Cache); len(left) > 0 {
			t.Errorf("a wrong file leaves %v", left)
		}
	}
}

func TestLiesAboutTheSize(t *testing.T) {
	content, name := blob(t, 100_000)
	for what, length := range map[string]int{"too long": 150_000, "too short": 60_000} {
		s := newServer(t, content)
		s.misbehave = func(_ int, w http.ResponseWriter, _ *http.Request) bool { return announce(w, length, content) }
		o := s.options(t)
		o.Retries = 2
		_, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		want := "100000 of 150000"
		if length < len(content) {
			want = hashOf(content[:length])[:8]
		}
		fails(t, err, want, s.URL)
		if _, err := os.Stat(filepath.Join(o.Cache, name)); err == nil {
			t.Errorf("%s: the file appeared", what)
		}
		s.mu.Lock()
		s.misbehave = nil // the server recovers
		s.mu.Unlock()
		path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		if err != nil {
			t.Fatalf("%s, then right: %v", what, err)
		}
		mustHold(t, path, content)
	}
}

func TestSizeLimit(t *testing.T) {
	content, name := blob(t, 300_000)
	for _, chunked := range []bool{false, true} {
		s := newServer(t, content)
		s.misbehave = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			if chunked {
				http.NewResponseController(w).Flush()
				w.Write(content)
			}
			return chunked
		}
		o := s.options(t)
		o.MaxBytes = 200_000
		_, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		fails(t, err, "200000", s.URL)
		if left := filesIn(t, o.Cache); s.count() != 1 || len(left) > 0 {
			t.Errorf("%d requests leave %v", s.count(), left)
		}
		o.MaxBytes = 0
		path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		if err != nil {
			t.Fatal(err)
		}
		mustHold(t, path, content)
	}
}

func TestStatusCodes(t *testing.T) {
	content, name := blob(t, 1000)
	for code, requests := range map[int]int{404: 1, 403: 1, 204: 1, 501: 1, 500: 4, 503: 4, 429: 4, 416: 4} {
		s := newServer(t, content)
		s.misbehave = func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(code); return true }
		o := s.options(t)
		o.Retries = 3
		_, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		fails(t, err, s.URL+"/"+name, "place it at")
		var status *StatusError
		if code != 416 && (!errors.As(err, &status) || status.Code != code) {
			t.Errorf("%d: %v", code, err)
		}
		if s.count() != requests {
			t.Errorf("%d: %d requests, want %d", code, s.count(), requests)
		}
		s.mu.Lock()
		s.requests = nil
		s.misbehave = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n < 2 && requests > 1 {
				w.WriteHeader(code)
			}
			return n < 2 && requests > 1
		}
		s.mu.Unlock()
		path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		if err != nil {
			t.Fatalf("%d, then right: %v", code, err)
		}
		mustHold(t, path, content)
	}
}

func TestRedirects(t *testing.T) {
	content, name := blob(t, 1000)
	for to, want := range map[string]string{"/loop": "more than 5 redirects", "file:///etc/passwd": "neither http nor https", "ftp://x/y": "neither http nor https"} {
		s := newServer(t, content)
		s.misbehave = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return true
		}
		_, err := Fetch(t.Context(), s.URL+"/"+name, name, "", s.options(t))
		fails(t, err, want)
		if s.count() > 6 {
			t.Errorf("%s: %d requests", to, s.count())
		}
	}
	s := newServer(t, content)
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n < 5 {
			http.Redirect(w, r, "/next", http.StatusFound)
		}
		return n < 5
	}
	path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", s.options(t))
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, content)
}

func TestCancelKeepsWhatIsThere(t *testing.T) {
	content, name := blob(t, 400_000)
	s := newServer(t, content)
	ctx, cancel := context.WithCancel(t.Context())
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n > 0 {
			return false
		}
		w.Header().Set("Content-Length", "400000")
		w.Write(content[:100_000])
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return true
	}
	o := s.options(t)
	o.Progress = func(done, _ int64) {
		if done == 100_000 {
			cancel()
		}
	}
	_, err := Fetch(ctx, s.URL+"/"+name, name, "", o)
	fails(t, err, "continued next time")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not context.Canceled", err)
	}
	o.Progress = nil
	path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, content)
	if got := s.request(1).Header.Get("Range"); got != "bytes=100000-" {
		t.Errorf("Range %q", got)
	}
}

func TestSilenceIsACut(t *testing.T) {
	content, name := blob(t, 400_000)
	s := newServer(t, content)
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			w.Header().Set("Content-Length", "400000")
			w.Write(content[:100_000])
			http.NewResponseController(w).Flush()
		}
		if n < 2 {
			<-r.Context().Done()
		}
		return n < 2
	}
	o := s.options(t)
	o.Silence = 200 * time.Millisecond
	path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, content)
	s.mu.Lock()
	s.misbehave = func(_ int, _ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }
	s.mu.Unlock()
	o.Cache, o.Retries = t.TempDir(), -1
	_, err = Fetch(t.Context(), s.URL+"/"+name, name, "", o)
	fails(t, err, "has sent nothing for 200ms", s.URL)
}

func TestManyAtOnceDownloadOnce(t *testing.T) {
	content, name := blob(t, 500_000)
	s := newServer(t, content)
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		return n == 0 && cutAfter(w, r, content, 200_000)
	}
	o := s.options(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mustHold(t, filepath.Join(o.Cache, name), content)
	if s.count() != 2 {
		t.Errorf("%d requests", s.count())
	}
}
