package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/statedict"
)

// Failure is the JSON form of an error.
type Failure struct {
	Code    int    `json:"exit_code"`      // the exit code
	Kind    string `json:"kind"`           // its name, one of exit.Kinds
	Message string `json:"message"`        // the error
	Hint    string `json:"hint,omitempty"` // what to do, where Message does not say it

	Choices []octet.Choice `json:"choices,omitempty"` // of --key, where a file holds several networks
	*mismatch
}

// mismatch lists in what a model file differs from the architecture that it was
// taken for.
type mismatch struct {
	Missing   []string               `json:"missing"`
	Extra     []string               `json:"extra"`
	Misshapen []statedict.Difference `json:"misshapen"` // wrong shape, type or values
	LooksLike []string               `json:"looks_like"`
}

// NewFailure is err with its exit code, its hint and what typed errors list.
func NewFailure(err error) *Failure {
	code := exit.Code(err)
	f := &Failure{Code: code, Kind: exit.Kinds[code], Message: err.Error(), Hint: HintOf(code, err), mismatch: mismatchOf(err)}
	var several *octet.ChoiceError
	if errors.As(err, &several) {
		f.Choices = several.Choices
	}
	return f
}

// mismatchOf lists the keys of a *statedict.MismatchError; nil for other errors.
func mismatchOf(err error) *mismatch {
	var keys *statedict.MismatchError
	var looks *octet.LooksLikeError
	var nearest *octet.NearestError
	m := &mismatch{[]string{}, []string{}, []statedict.Difference{}, []string{}}
	switch {
	case errors.As(err, &looks):
		keys, m.LooksLike = looks.Mismatch, append(m.LooksLike, looks.Archs...)
	case errors.As(err, &nearest):
		keys = nearest.Mismatch
		if nearest.Arch != "" {
			m.LooksLike = append(m.LooksLike, nearest.Arch)
		}
	default:
		errors.As(err, &keys)
	}
	if keys == nil {
		if len(m.LooksLike) == 0 {
			return nil
		}
		return m
	}
	for _, d := range keys.Differences {
		switch d.Problem {
		case statedict.Missing:
			m.Missing = append(m.Missing, d.Key)
		case statedict.Extra:
			m.Extra = append(m.Extra, d.Key)
		default:
			m.Misshapen = append(m.Misshapen, d)
		}
	}
	return m
}

// Report prints how the command ended and returns the exit code.
func (c *Console) Report(ctx context.Context, err error) int {
	if lost := c.lost(); lost != nil && exit.Code(err) != exit.Output {
		err, c.started = lost, true
	}
	if err == nil {
		return exit.OK
	}
	err = c.Failure(ctx, err)
	f := NewFailure(err)
	fmt.Fprintf(c.Err, "octet: %s\n", indentFollowing(f.Message))
	if f.Hint != "" {
		fmt.Fprintln(c.Err, f.Hint)
	}
	if c.JSON && !c.printed {
		json.NewEncoder(c.Out).Encode(map[string]*Failure{"error": f})
	}
	return f.Code
}

// AsksForJSON reports whether --json is among args. It looks at args itself, because parsing
// stops at the first wrong flag.
func AsksForJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	asked := false
	for _, arg := range args {
		if arg == "--json" {
			asked = true
		} else if value, ok := strings.CutPrefix(arg, "--json="); ok {
			asked, _ = strconv.ParseBool(value)
		}
	}
	return asked
}

// checkedWriter keeps the first error, because printing help ignores errors. It is safe for
// concurrent use: tasks may still write after a host has stopped waiting for them.
type checkedWriter struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (w *checkedWriter) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.err = cmp.Or(w.err, err)
	}
	return n, err
}

func (w *checkedWriter) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// lost is the error of a standard output that did not accept everything.
func (c *Console) lost() error {
	if w, ok := c.Out.(*checkedWriter); ok {
		if err := w.failed(); err != nil {
			return exit.WithCode(exit.Output, fmt.Errorf("cannot write to standard output: %w", err))
		}
	}
	return nil
}
