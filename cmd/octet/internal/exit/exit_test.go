package exit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

func TestCodeOfErrors(t *testing.T) {
	plain := errors.New("something")
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, OK},
		{"without a mark", plain, Internal},
		{"marked", WithCode(Data, plain), Data},
		{"marked, in another", fmt.Errorf("cat.jpg: %w", WithCode(Model, plain)), Model},
		{"marked again", WithCode(Output, fmt.Errorf("cat.jpg: %w", WithCode(Network, plain))), Network},
		{"of usage", Usagef("--limit %d: 0 or more", -1), Usage},
		{"of usage around a marked one", Usagef("reading: %w", WithCode(Strict, plain)), Strict},
		{"interrupted", context.Canceled, Interrupted},
		{"interrupted, marked", WithCode(Data, fmt.Errorf("batch 3: %w", context.Canceled)), Interrupted},
		{"out of time", context.DeadlineExceeded, Internal},
	} {
		if got := Code(c.err); got != c.want {
			t.Errorf("%s: code %d, want %d", c.name, got, c.want)
		}
	}
	if err := WithCode(Data, nil); err != nil {
		t.Errorf("no error became %v", err)
	}
	if err := WithCode(Data, plain); err.Error() != plain.Error() || !errors.Is(err, plain) {
		t.Errorf("the mark changed the error to %q", err)
	}
}

func TestMissingFilesAreAdvised(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "cat.jpg", Err: fs.ErrNotExist}
	if got := AdviseMissing(missing, "give an image"); !errors.Is(got, fs.ErrNotExist) || got.Error() != missing.Error()+": give an image" {
		t.Errorf("missing: %v", got)
	}
	denied := &fs.PathError{Op: "open", Path: "cat.jpg", Err: fs.ErrPermission}
	if got := AdviseMissing(denied, "give an image"); got != error(denied) {
		t.Errorf("denied: %v", got)
	}
	if got := AdviseMissing(nil, "give an image"); got != nil {
		t.Errorf("none: %v", got)
	}
}

// Kinds and Help are for the same codes.
func TestEveryCodeHasAKindAndALineOfHelp(t *testing.T) {
	lines := map[string]bool{}
	for line := range strings.Lines(Help) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(line, "  ") {
			lines[f[0]] = true
		}
	}
	list := Help[strings.Index(Help, "kind is internal"):]
	seen := map[string]bool{}
	for _, code := range []int{OK, Internal, Usage, Model, Data, Output, Strict, Check, Network, Interrupted} {
		if !lines[fmt.Sprint(code)] {
			t.Errorf("the help has no line for %d", code)
		}
		kind := Kinds[code]
		if (kind == "") != (code == OK) || seen[kind] {
			t.Errorf("code %d has the kind %q", code, kind)
		}
		seen[kind] = true
		if !strings.Contains(list, kind) {
			t.Errorf("the help does not name the kind %q", kind)
		}
	}
	if len(Kinds)+1 != len(seen) {
		t.Errorf("there are %d kinds for %d codes", len(Kinds), len(seen)-1)
	}
}
