package exit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// The exit codes, as `octet help exit-codes` documents them.
const (
	OK          = 0
	Internal    = 1
	Usage       = 2
	Model       = 3
	Data        = 4
	Output      = 5
	Strict      = 6
	Check       = 7
	Network     = 8
	Interrupted = 130
)

// Kinds name the exit codes in the document of a failure.
var Kinds = map[int]string{
	Internal: "internal", Usage: "usage", Model: "model", Data: "data", Output: "output",
	Strict: "strict", Check: "check", Network: "network", Interrupted: "interrupted",
}

// Help is what `octet help exit-codes` prints.
const Help = `Exit codes of octet:

  0    done
  1    unexpected failure: please report it
  2    wrong usage: unknown flag, missing argument, values that contradict each other
  3    the model file cannot be used: truncated, unsafe or unknown content, wrong
       architecture, missing keys, NaN weights
  4    the data cannot be used: calibration data, inputs, images, labels, classes
  5    the output cannot be written: full disk, missing permission, name in use
  6    --strict was given and something was skipped or left in float
  7    a check failed that was asked for: bench --assert, cpu --selftest
  8    weights are not here and cannot be fetched: no network, unknown host, no such
       file on the server, or downloads are off
  130  interrupted with Ctrl-C or a termination signal; no partial output is left

With --json the failure is also the document on standard output:

  {"error": {"exit_code": 3, "kind": "model", "message": "...", "hint": "..."}}

kind is internal, usage, model, data, output, strict, check, network or interrupted, in the
order of the codes. Where the keys of a model file do not fit its architecture, the error
has them all: missing and extra, lists of keys; misshapen, a list of {key, problem, expected,
found}; looks_like, a list of the architectures that fit better, best first. Where a file
holds several networks, choices lists them as {key, arch}: --key takes one of the keys.
`

// Error is an error with the exit code that it calls for.
type Error struct {
	Code int   // one of the constants above
	Err  error // what went wrong
}

// Error is the text of the error alone.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the error without its code.
func (e *Error) Unwrap() error { return e.Err }

// WithCode marks err, unless a lower layer already has; nil stays nil.
func WithCode(code int, err error) error {
	var marked *Error
	if err == nil || errors.As(err, &marked) {
		return err
	}
	return &Error{code, err}
}

// AdviseMissing adds advice to an error that says that a file does not exist.
func AdviseMissing(err error, advice string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

// Usagef is an error of the command line, with the code Usage; %w wraps one, whose own
// code stays.
func Usagef(format string, args ...any) error {
	return WithCode(Usage, fmt.Errorf(format, args...))
}

// Code is the code of the process for the outcome err.
func Code(err error) int {
	var marked *Error
	switch {
	case err == nil:
		return OK
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &marked):
		return marked.Code
	default:
		return Internal
	}
}
