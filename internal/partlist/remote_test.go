package partlist

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/testseed"
)

// buffered is more than a server holds back: of less, nothing may have been sent when a
// connection breaks, and the download then begins anew.
const buffered = 20_000

// breaking serves content, and breaks the connection somewhere in each answer but the last.
func breaking(t *testing.T, content []byte, breaks int, change bool) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	r := testseed.Rand(t)
	var at []int
	for range breaks {
		at = append(at, buffered+r.IntN(len(content)/(breaks+1)-buffered))
	}
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n := int(asked.Add(1)) - 1
		etag := `"one"`
		if change && n > 0 {
			etag = `"two"`
		}
		w.Header().Set("ETag", etag)
		if n < len(at) {
			w = &cutWriter{ResponseWriter: w, left: at[n]}
		}
		http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

// cutWriter breaks the connection behind so many bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		c.ResponseWriter.Write(p[:len(p)+c.left])
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(p)
}

func TestDownloadGoesOn(t *testing.T) {
	content := make([]byte, 100_000)
	r := testseed.Rand(t)
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	s, asked := breaking(t, content, 3, false)
	d, err := openHTTP(t.Context(), s.URL+"/a.tar")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	got, err := io.ReadAll(d)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d of %d bytes came, %v", len(got), len(content), err)
	}
	if asked.Load() != 4 {
		t.Errorf("the server was asked %d times, want 4", asked.Load())
	}
}

// TestDownloadOfOtherContent: a file that was replaced in between is not joined with the old one.
func TestDownloadOfOtherContent(t *testing.T) {
	s, _ := breaking(t, make([]byte, 100_000), 2, true)
	d, err := openHTTP(t.Context(), s.URL)
	if err == nil {
		_, err = io.ReadAll(d)
		d.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "other content") {
		t.Errorf("%v", err)
	}
}

func TestDownloadThatIsRefused(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer s.Close()
	if _, err := openHTTP(t.Context(), s.URL); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("%v", err)
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestExpand(t *testing.T) {
	for where, want := range map[string][]string{
		"a":                 {"a"},
		"a-{08..10}.tar":    {"a-08.tar", "a-09.tar", "a-10.tar"},
		"s/{0..1}":          {"s/0", "s/1"},
		"x{a..b}":           {"x{a..b}"},
		"x{1..2":            {"x{1..2"},
		"https://h/{9..9}?": {"https://h/9?"},
	} {
		if got, err := expand(where); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", where, got, err)
		}
	}
	for _, where := range []string{"a{3..2}", "a{0..99999999}", "@nothing.txt"} {
		if got, err := expand(where); err == nil {
			t.Errorf("%s: %d paths", where, len(got))
		}
	}
}
