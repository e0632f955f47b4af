package hub

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestGet(t *testing.T) {
	t.Setenv("OCTET_OFFLINE", "")
	content := bytes.Repeat([]byte("picture "), 100)
	s := newServer(t, content)
	s.misbehave = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/endless":
			for range 1000 {
				if _, err := w.Write(content); err != nil {
					break
				}
			}
		case "/silent":
			<-r.Context().Done()
		case "/elsewhere":
			http.Redirect(w, r, "/picture", http.StatusFound)
		case "/around":
			http.Redirect(w, r, "/around", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/missing":
			http.NotFound(w, r)
		default:
			return false
		}
		return true
	}
	o := Options{Cache: t.TempDir(), Client: s.Client()}
	for _, path := range []string{"/picture", "/elsewhere"} {
		if b, err := Get(t.Context(), s.URL+path, 1<<20, time.Minute, o); err != nil || !bytes.Equal(b, content) {
			t.Errorf("%s: %d bytes, %v", path, len(b), err)
		}
	}
	for path, want := range map[string]string{
		"/endless": "more than 1000 bytes", "/around": "redirects", "/file": "neither http nor https", "/missing": "404",
	} {
		if _, err := Get(t.Context(), s.URL+path, 1000, time.Minute, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Get(t.Context(), s.URL+"/picture", 10, time.Minute, o); err == nil || !strings.Contains(err.Error(), "800 bytes") {
		t.Errorf("too large: %v", err)
	}
	if _, err := Get(t.Context(), s.URL+"/silent", 10, 50*time.Millisecond, o); err == nil || !strings.Contains(err.Error(), "longer than 50ms") {
		t.Errorf("silent: %v", err)
	}
	for _, address := range []string{"ftp://127.0.0.1/x.jpg", "file:///etc/passwd", "https://", "gopher://x/y", "http:x"} {
		if _, err := Get(t.Context(), address, 10, time.Minute, o); err == nil || !strings.Contains(err.Error(), "http:// or https://") {
			t.Errorf("%s: %v", address, err)
		}
	}
	o.Offline = true
	if _, err := Get(t.Context(), s.URL+"/picture", 1<<20, time.Minute, o); !errors.Is(err, ErrOffline) {
		t.Errorf("offline: %v", err)
	}
}
