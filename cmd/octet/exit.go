package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// The exit codes, as `octet help exit-codes` documents them.
const (
	exitOK          = 0
	exitInternal    = 1
	exitUsage       = 2
	exitModel       = 3
	exitData        = 4
	exitOutput      = 5
	exitStrict      = 6
	exitCheck       = 7
	exitNetwork     = 8
	exitInterrupted = 130
)

// kinds name the exit codes in the document of a failure.
var kinds = map[int]string{
	exitInternal: "internal", exitUsage: "usage", exitModel: "model", exitData: "data", exitOutput: "output",
	exitStrict: "strict", exitCheck: "check", exitNetwork: "network", exitInterrupted: "interrupted",
}

const exitCodesHelp = `Exit codes of octet:

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

// exitError is an error with the exit code that it calls for.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// withCode marks err, unless a lower layer already has; nil stays nil.
func withCode(code int, err error) error {
	var marked *exitError
	if err == nil || errors.As(err, &marked) {
		return err
	}
	return &exitError{code, err}
}

// adviseMissing adds advice to an error that says that a file does not exist.
func adviseMissing(err error, advice string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

func usageError(format string, args ...any) error {
	return withCode(exitUsage, fmt.Errorf(format, args...))
}

// exitCode is the code of the process for the outcome err.
func exitCode(err error) int {
	var marked *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &marked):
		return marked.code
	default:
		return exitInternal
	}
}
