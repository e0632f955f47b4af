package serve

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an Error is; transports have their own number for each.
type Code int

const (
	Internal      Code = iota // a fault of the server
	Invalid                   // the request is wrong, and will be when it is sent again
	NotFound                  // no such model or version
	Unavailable               // not ready yet, or no longer
	Exhausted                 // too many requests wait: send it again later
	TooLarge                  // the request is larger than the server takes
	Deadline                  // the time that the request gave is over
	Canceled                  // the client has gone
	Unimplemented             // the server does not do this
	Forbidden                 // the server was not started with what this needs
)

// Error is a failure that a client is told.
type Error struct {
	Code       Code          // its kind
	Message    string        // a sentence for the client's log
	RetryAfter time.Duration // of Exhausted: when it may be worth to try again; else 0
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Errorf is an Error of a kind.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// AsError is err as an Error: ends of contexts have their codes, what is no Error is Internal.
func AsError(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return Errorf(Deadline, "the time that the request gave is over")
	case errors.Is(err, context.Canceled):
		return Errorf(Canceled, "the client has gone")
	}
	return Errorf(Internal, "%v", err)
}
