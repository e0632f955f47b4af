package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// streams is a console with what it printed.
func streams() (c *Console, out, err *bytes.Buffer) {
	out, err = new(bytes.Buffer), new(bytes.Buffer)
	return New(strings.NewReader(""), out, err), out, err
}

// begin takes the command line as accepted.
func (c *Console) begin(t *testing.T) {
	t.Helper()
	body := c.Command(func(*cobra.Command, []string) error { return nil })
	if err := body(&cobra.Command{}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPrintedWhere(t *testing.T) {
	text := func(w io.Writer) { io.WriteString(w, "done\n") }
	for _, c := range []struct {
		name        string
		set         func(*Console)
		out, errOut string
	}{
		{"plain", func(*Console) {}, "done\n", "a note\nwarning: a warning\nnext: octet run 'my file'\n"},
		{"quiet", func(c *Console) { c.Quiet = true }, "done\n", "warning: a warning\n"},
		{"JSON", func(c *Console) { c.JSON = true }, "{\n  \"a<b\": 1\n}\n", "a note\nwarning: a warning\n"},
		{"a result on standard output", func(c *Console) { c.streams = true }, "", "a note\nwarning: a warning\nnext: octet run 'my file'\ndone\n"},
	} {
		con, out, errOut := streams()
		c.set(con)
		con.Note("a %s", "note")
		con.Warn("a %s", "warning")
		con.Next("octet run %s", "my file")
		con.Next("octet run %s", StreamName)
		if err := con.Result(map[string]int{"a<b": 1}, text); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if out.String() != c.out || errOut.String() != c.errOut {
			t.Errorf("%s: standard output %q and error %q, want %q and %q", c.name, out, errOut, c.out, c.errOut)
		}
	}
}

func TestAListenerGetsEverything(t *testing.T) {
	con, out, errOut := streams()
	var notes []string
	var events []ProgressEvent
	con.Listener = &Listener{
		Note:     func(text string) { notes = append(notes, text) },
		Progress: func(e ProgressEvent) { events = append(events, e) },
	}
	con.Note("a note")
	con.Warn("a warning")
	con.Next("octet run %s", "file")
	stage := con.Begin("calibrate", "inputs", 0)
	stage.Expect(3)
	stage.Set(3)
	stage.End()
	if err := con.Result(42, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(notes, "; "); got != "a note; warning: a warning" {
		t.Errorf("notes: %s", got)
	}
	if first, last := events[0], events[len(events)-1]; first != (ProgressEvent{"calibrate", "inputs", 0, 0}) || last != (ProgressEvent{"calibrate", "inputs", 3, 3}) {
		t.Errorf("events: %+v", events)
	}
	if con.Listener.Document != 42 || out.Len()+errOut.Len() > 0 {
		t.Errorf("document %v, standard output %q, error %q", con.Listener.Document, out, errOut)
	}
}

func TestStagesWithoutATerminalAreLines(t *testing.T) {
	con, out, errOut := streams()
	idle := con.Begin("download", "kB", 10)
	idle.End()
	stage := con.Begin("calibrate", "inputs", 5)
	stage.Set(5)
	stage.End()
	endless := con.Begin("search", "sets", 0)
	endless.Set(2)
	endless.End()
	con.Finish()
	lines := strings.Split(strings.TrimSpace(errOut.String()), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "calibrate: 5/5 inputs, ") || !strings.HasPrefix(lines[1], "search: 2 sets, ") || out.Len() > 0 {
		t.Errorf("standard error %q, standard output %q", errOut, out)
	}
	con.Quiet = true
	quiet := con.Begin("calibrate", "inputs", 5)
	quiet.Set(5)
	quiet.End()
	if got := strings.Count(errOut.String(), "\n"); got != 2 {
		t.Errorf("--quiet: standard error %q", errOut)
	}
}

// An error before the body of a command began is one of usage, whatever it is.
func TestFailuresBeforeAndAfterTheBeginning(t *testing.T) {
	con, _, _ := streams()
	ctx, cancel := context.WithCancel(t.Context())
	plain := errors.New("something")
	if got := exit.Code(con.Failure(ctx, plain)); got != exit.Usage {
		t.Errorf("before: code %d", got)
	}
	con.begin(t)
	if got := con.Failure(ctx, plain); got != plain {
		t.Errorf("after: %v", got)
	}
	cancel()
	if got := exit.Code(con.Failure(ctx, exit.WithCode(exit.Output, plain))); got != exit.Interrupted {
		t.Errorf("interrupted: code %d", got)
	}
}

func TestReport(t *testing.T) {
	con, out, errOut := streams()
	con.begin(t)
	if code := con.Report(t.Context(), nil); code != exit.OK || out.Len()+errOut.Len() > 0 {
		t.Errorf("success: code %d, %q and %q", code, out, errOut)
	}
	con.JSON = true
	err := NewPlaceError(errors.New("no folder\nat all"), "Make it: mkdir -p %s", "x")
	if code := con.Report(t.Context(), err); code != exit.Output {
		t.Errorf("code %d", code)
	}
	if want := "octet: no folder\n  at all\nMake it: mkdir -p x\n"; errOut.String() != want {
		t.Errorf("standard error %q, want %q", errOut, want)
	}
	var doc struct{ Error Failure }
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if e := doc.Error; e.Code != exit.Output || e.Kind != "output" || e.Message != "no folder\nat all" || e.Hint != "Make it: mkdir -p x" || e.mismatch != nil {
		t.Errorf("document %+v", doc.Error)
	}
	// Behind a result there is no second document.
	con, out, _ = streams()
	con.JSON = true
	con.begin(t)
	if err := con.Result("first", nil); err != nil {
		t.Fatal(err)
	}
	if code := con.Report(t.Context(), exit.WithCode(exit.Check, errors.New("too slow"))); code != exit.Check || out.String() != "\"first\"\n" {
		t.Errorf("code %d, standard output %q", code, out)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestALostResultIsAFailure(t *testing.T) {
	errOut := new(bytes.Buffer)
	con := New(strings.NewReader(""), fullDisk{}, errOut)
	io.WriteString(con.Out, "help") // by one that does not look at the error
	if code := con.Report(t.Context(), nil); code != exit.Output || !strings.Contains(errOut.String(), "cannot write to standard output: no space left") {
		t.Errorf("code %d, standard error %q", code, errOut)
	}
}

func TestAsksForJSON(t *testing.T) {
	for line, want := range map[string]bool{
		"run a.pth": false, "run --json": true, "--json=false run": false, "--json --json=false": false,
		"--json=false --json": true, "run -- --json": false, "--json=maybe": false, "--jsonx": false,
	} {
		if got := AsksForJSON(strings.Fields(line)); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

// Documents that are objects name the files that were replaced; others stay as they are.
func TestReplacedFilesInDocuments(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a<b.json")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		document any
		want     string
	}{
		{map[string]string{"a": "<&"}, `{"a":"<&","replaced":["` + file + `"]}`},
		{struct{}{}, `{"replaced":["` + file + `"]}`},
		{[]int{1, 2}, `[1,2]`},
		{42, `42`},
	} {
		con, out, _ := streams()
		con.JSON = true
		if err := con.Expect(Planned{Path: file}); err != nil {
			t.Fatal(err)
		}
		if err := con.Result(c.document, nil); err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := json.Compact(&got, out.Bytes()); err != nil || got.String() != c.want {
			t.Errorf("%v: %s, want %s (%v)", c.document, got.String(), c.want, err)
		}
		con.Listener = &Listener{Note: func(string) {}}
		if err := con.Result(c.document, nil); err != nil {
			t.Fatal(err)
		}
		if b, err := plainJSON(con.Listener.Document); err != nil || string(b) != c.want {
			t.Errorf("%v for a listener: %s (%v)", c.document, b, err)
		}
	}
}
