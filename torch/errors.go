package torch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// The reasons for which a file or a key is refused; test with errors.Is.
var (
	// ErrGlobal: the pickle names a function that can run programs, or the state dict
	// holds an object that is no tensor.
	ErrGlobal = errors.New("global is not allowed")
	// ErrPickledModel: the file holds a whole pickled model (an nn.Module, not only its
	// weights), and no state dict beside it.
	ErrPickledModel = errors.New("the file holds a whole pickled model, which only its Python code can rebuild")
	// ErrTorchScript: the file is a TorchScript or torch.export program.
	ErrTorchScript = errors.New("the file is a program, not a checkpoint")
	// ErrNoStateDict: nothing in the checkpoint, or not the value at the key, is a state dict.
	ErrNoStateDict = errors.New("no state dict")
	// ErrAmbiguous: the checkpoint holds several state dicts and no key was given.
	ErrAmbiguous = errors.New("several state dicts")
	// ErrLimit: a limit of Limits was reached.
	ErrLimit = errors.New("limit reached")
)

// SaveStateDict is the line of PyTorch that saves what this package reads.
const SaveStateDict = `torch.save(model.state_dict(), "model_state.pth")`

// Error says where in which file something was wrong, and what helps.
type Error struct {
	File   string // name of the file as given
	Record string // record of the archive or part of the stream; may be empty
	Key    string // key path in the checkpoint; may be empty
	Err    error  // what was expected and what was found
	Remedy string // what to do; may be empty
}

// Error formats the parts that are set, from the outside in.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Record != "" {
		b.WriteString(": record " + printable(e.Record))
	}
	if e.Key != "" {
		b.WriteString(": key " + printable(e.Key))
	}
	b.WriteString(": " + e.Err.Error())
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// printable quotes a name that would do more than be read on a terminal.
func printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// located puts file and record around err, filling only what an inner Error left open.
func located(err error, file, record string) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{File: file, Record: record, Err: err}
	}
	c := *e
	if c.File == "" {
		c.File = file
	}
	if c.Record == "" {
		c.Record = record
	}
	return &c
}

// atKey puts the key path around err.
func atKey(err error, key string) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Key: key, Err: err}
	}
	c := *e
	if c.Key == "" {
		c.Key = key
	}
	return &c
}

// withRemedy adds what to do.
func withRemedy(err error, remedy string) error { return &Error{Err: err, Remedy: remedy} }

// withNewRemedy says something else to do, and keeps the rest of err.
func withNewRemedy(err error, remedy string) error {
	if e, ok := err.(*Error); ok {
		c := *e
		c.Remedy = remedy
		return &c
	}
	return withRemedy(err, remedy)
}

// prefixed puts a place before the message of err and keeps its remedy.
func prefixed(err error, place string) error {
	if e, ok := err.(*Error); ok {
		c := *e
		c.Err = fmt.Errorf("%s: %w", place, e.Err)
		return &c
	}
	return fmt.Errorf("%s: %w", place, err)
}
