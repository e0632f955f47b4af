package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// hostedCommands are the commands that a client may ask for: those whose result
// is one document.
var hostedCommands = []string{"quantize", "inspect", "compare", "tensor"}

// command reads the standard input of a command.
func (h *host) command(q stdioRequest) (work, error) {
	if len(q.Args) == 0 || !slices.Contains(hostedCommands, q.Args[0]) {
		return nil, usageError("command needs args that begin with one of %s", strings.Join(hostedCommands, ", "))
	}
	var stdin bytes.Buffer
	if _, err := io.Copy(&stdin, h.in); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (answer, error) {
		return h.execute(ctx, q.ID, &stdin, h.program.root, q.Args)
	}, nil
}

// execute runs a command for the client: its progress and notes become events,
// its document the answer.
func (h *host) execute(ctx context.Context, id uint64, stdin io.Reader, command func(*console) *cobra.Command, args []string) (answer, error) {
	l := &listener{
		progress: func(e progressEvent) { h.out.Write(stdioReply{ID: id, Progress: &e}) },
		note:     func(text string) { h.out.Write(stdioReply{ID: id, Note: text}) },
	}
	c := newConsole(stdin, io.Discard, io.Discard)
	c.listener = l
	if err := h.program.execute(ctx, c, command(c), args); err != nil {
		return answer{}, c.failure(ctx, err)
	}
	if l.document == nil { // --help
		return answer{}, usageError("%s gave no result", strings.Join(args, " "))
	}
	if d, ok := l.document.(lifter); ok {
		rest, arrays := d.lift()
		return answer{arrays: arrays, document: rest}, nil
	}
	return answer{document: l.document}, nil
}
