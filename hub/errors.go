package hub

import (
	"errors"
	"fmt"
	"net/http"
)

// ErrOffline is in the error for a file that is not here when nothing may be
// fetched.
var ErrOffline = errors.New("offline")

// HashError says that a file is not the one that was asked for.
type HashError struct {
	File  string // path, or the URL that served it
	Bytes int64  // size of the file that was found
	Want  string // prefix of the SHA-256 in hexadecimal digits
	Got   string // the whole SHA-256
}

// Error names the file, its hash and the one that was expected.
func (e *HashError) Error() string {
	return fmt.Sprintf("%s (%d bytes) is not the file that was expected: its SHA-256 begins with %s, it should be %s",
		e.File, e.Bytes, e.Got[:len(e.Want)], e.Want)
}

// StatusError is an answer of a server that is not the file.
type StatusError struct {
	URL    string // what was asked for
	Code   int    // of HTTP, such as 404
	Status string // 404 Not Found
}

// Error names the URL and the status.
func (e *StatusError) Error() string { return fmt.Sprintf("%s answers %s", e.URL, e.Status) }

// temporary reports whether another attempt may end better.
func (e *StatusError) temporary() bool {
	switch e.Code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return e.Code >= 500
}

// permanent marks an error that no retry can mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// cut is a connection that ended, or fell silent, before the file did.
type cut struct{ error }

func (c cut) Unwrap() error { return c.error }

// spoiled marks an error after which NAME.part is of no use.
type spoiled struct{ error }

func (s spoiled) Unwrap() error { return s.error }
