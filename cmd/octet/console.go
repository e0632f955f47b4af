package main

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

	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/shell"
)

// console is everything a command reads from and prints to. Results go to out;
// progress, assumptions and warnings to err. With --json the result is one JSON
// document and out carries nothing else.
type console struct {
	in       io.Reader
	out, err io.Writer

	json     bool // --json
	quiet    bool // --quiet
	binary   bool // out is no terminal
	streams  bool // an output goes to out; what the command says goes to err
	terminal bool // err is a terminal: bars instead of lines

	replaced []string // files that were said to be replaced

	listener *listener // a program that takes everything in place of out and err; mostly nil

	mu       sync.Mutex
	started  bool // the command line was accepted; later errors are no usage errors
	printed  bool // the JSON document is out
	progress *progress
}

func newConsole(in io.Reader, out, err io.Writer) *console {
	return &console{in: in, out: &checkedWriter{w: out}, err: err, terminal: isTerminal(err), binary: !isTerminal(out)}
}

func isTerminal(w io.Writer) bool { return cupwriter.New(w, false).IsTerminal() }

// command wraps the body of a command so that what fails inside it is not taken
// for wrong usage.
func (c *console) command(body func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c.started = true
		return suggestValues(cmd, body(cmd, args))
	}
}

// note prints a line for the user that is not the result: an assumption, a hint.
func (c *console) note(format string, args ...any) {
	if !c.quiet {
		c.line(fmt.Sprintf(format, args...))
	}
}

// next says to a person what can be done with a file that was written.
func (c *console) next(format, path string) {
	if c.listener == nil && !c.json && path != streamName {
		c.note("next: "+format, shell.Quote(path))
	}
}

// warn is note for what --quiet must not hide.
func (c *console) warn(format string, args ...any) {
	c.line("warning: " + fmt.Sprintf(format, args...))
}

func (c *console) line(text string) {
	if c.listener != nil {
		c.listener.note(text)
		return
	}
	if c.progress != nil && c.progress.write(text+"\n") {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintln(c.err, text)
}

// result prints the outcome: the document with --json, else what text prints.
func (c *console) result(document any, text func(w io.Writer)) error {
	c.finish()
	if c.listener != nil {
		c.listener.document = document
		return nil
	}
	if !c.json {
		var b strings.Builder
		text(&b)
		_, err := io.WriteString(c.said(), b.String())
		return withCode(exitOutput, err)
	}
	c.printed = true
	enc := json.NewEncoder(c.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return withCode(exitOutput, enc.Encode(document))
}

// failure is what err, which ended a command, is reported as.
func (c *console) failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case !c.started:
		return withCode(exitUsage, err)
	}
	return err
}

// errInterrupted is what any failure after a signal is reported as: whatever
// went wrong then, went wrong because of it.
var errInterrupted = &exitError{exitInterrupted, errors.New("interrupted; no partial output was left")}

// indentFollowing sets the lines behind the first one in, so that a long report
// is seen to belong to its error.
func indentFollowing(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// finish ends the progress display, so that nothing overwrites later output.
func (c *console) finish() {
	if c.progress != nil {
		c.progress.close()
		c.progress = nil
	}
}

// newTable returns a table that will be printed to w by Render.
func newTable(w io.Writer, header ...any) table.Writer { return report.NewTable(w, header...) }

// silent is a console for work that the user is not to hear of, but for its warnings.
func (c *console) silent() *console { return &console{err: c.err, quiet: true} }
