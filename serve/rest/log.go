package rest

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// requestID is the header that names a request in logs: the client's own, or one made here.
const requestID = "X-Request-Id"

// Logged gives requests an id, which their answer has too, logs those that fail by the server's
// fault, or with access all, and turns a panic into an answer. Neither tokens nor tensors are
// logged.
func Logged(next http.Handler, log *slog.Logger, access bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestID)
		if !isID(id) {
			id = rand.Text()
		}
		w.Header().Set(requestID, id)
		begun := time.Now()
		s := &statusWriter{ResponseWriter: w}
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				log.Error("answering a request panicked", "request", id, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
				if s.status == 0 {
					failWith(s, http.StatusInternalServerError, "the server failed unexpectedly: its log says where, for request "+id)
				}
			}
			if access || s.status >= http.StatusInternalServerError && s.status != http.StatusServiceUnavailable {
				log.Info("request", "request", id, "method", r.Method, "path", r.URL.Path, "status", s.status, "bytes", s.bytes,
					"seconds", time.Since(begun).Seconds(), "client", r.RemoteAddr)
			}
		}()
		next.ServeHTTP(s, r)
	})
}

// isID reports whether a client's id may stand in a log: short, and without control characters.
func isID(id string) bool {
	return id != "" && len(id) <= 128 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// statusWriter notes what is answered.
type statusWriter struct {
	http.ResponseWriter
	status, bytes int
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusWriter) Write(b []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	n, err := s.ResponseWriter.Write(b)
	s.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController through.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
