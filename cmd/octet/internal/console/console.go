package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/vbauerster/cupwriter"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/shell"
)

// Console is everything a command reads from and prints to. Results go to out;
// progress, assumptions and warnings to err. With --json the result is one JSON
// document and out carries nothing else.
type Console struct {
	In       io.Reader // standard input
	Out, Err io.Writer // standard output and standard error

	JSON     bool // --json
	Quiet    bool // --quiet
	binary   bool // out is no terminal
	streams  bool // an output goes to out; what the command says goes to err
	terminal bool // err is a terminal: bars instead of lines

	replaced []string // files that are being replaced

	Listener *Listener // receives everything in place of out and err, for octet stdio; else nil

	noted map[string]bool // notes that were printed

	mu       sync.Mutex
	started  bool // the command line was accepted; later errors are no usage errors
	printed  bool // the JSON document is out
	progress *progress
}

// New is a console on three streams. It looks whether out and err are terminals.
func New(in io.Reader, out, err io.Writer) *Console {
	return &Console{In: in, Out: &checkedWriter{w: out}, Err: err, terminal: isTerminal(err), binary: !isTerminal(out)}
}

func isTerminal(w io.Writer) bool { return cupwriter.New(w, false).IsTerminal() }

// Command wraps the body of a command, so that its errors are not reported as wrong usage.
func (c *Console) Command(body func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c.started = true
		return suggestValues(cmd, body(cmd, args))
	}
}

// Note prints a line for the user that is not the result, once: an assumption, a hint.
func (c *Console) Note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !c.Quiet && !c.repeats(text) {
		c.Line(text)
	}
}

// repeats reports whether a note was printed before, and keeps it. A listener has every one: it
// may belong to another command.
func (c *Console) repeats(text string) bool {
	if c.Listener != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.noted == nil {
		c.noted = map[string]bool{}
	}
	before := c.noted[text]
	c.noted[text] = true
	return before
}

// Next prints a command to try on a file that was written; not with --json.
func (c *Console) Next(format, path string) {
	if c.Listener == nil && !c.JSON && path != StreamName {
		c.Note("next: "+format, shell.Quote(path))
	}
}

// Warn is Note for what --quiet must not hide.
func (c *Console) Warn(format string, args ...any) {
	c.Line("warning: " + fmt.Sprintf(format, args...))
}

// Line prints a line above the bars of progress, whatever --quiet says.
func (c *Console) Line(text string) {
	if c.Listener != nil {
		c.Listener.Note(text)
		return
	}
	if c.progress != nil && c.progress.write(text+"\n") {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintln(c.Err, text)
}

// Result prints the outcome: with --json the document, with the files that were replaced;
// else what text prints.
func (c *Console) Result(document any, text func(w io.Writer)) error {
	c.Finish()
	if c.Listener != nil {
		c.Listener.Document = c.Document(document)
		return nil
	}
	if !c.JSON {
		var b strings.Builder
		text(&b)
		_, err := io.WriteString(c.said(), b.String())
		return exit.WithCode(exit.Output, err)
	}
	c.printed = true
	enc := json.NewEncoder(c.Out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return exit.WithCode(exit.Output, enc.Encode(c.Document(document)))
}

// Failure returns the error to report for err, which ended a command.
func (c *Console) Failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ErrInterrupted
	case !c.started:
		return exit.WithCode(exit.Usage, err)
	}
	return err
}

// ErrInterrupted is reported for any failure after a signal, which is taken for its cause.
var ErrInterrupted = exit.WithCode(exit.Interrupted, errors.New("interrupted; no partial output was left"))

// indentFollowing indents all lines but the first, so that a long report visibly belongs to its
// error.
func indentFollowing(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// Finish ends the progress display, so that nothing overwrites later output.
func (c *Console) Finish() {
	if c.progress != nil {
		c.progress.close()
		c.progress = nil
	}
}

// NewTable returns a table that will be printed to w by Render.
func NewTable(w io.Writer, header ...any) table.Writer { return report.NewTable(w, header...) }

// Silent is a console that shows warnings only.
func (c *Console) Silent() *Console { return &Console{Err: c.Err, Quiet: true} }
