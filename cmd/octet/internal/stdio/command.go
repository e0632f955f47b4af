package stdio

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// hostedCommands are the commands that a client may ask for: those whose result
// is one document.
var hostedCommands = []string{"quantize", "inspect", "run", "eval", "merge", "compare", "export", "tensor"}

// command reads the standard input of a command.
func (h *host) command(q Request) (work, error) {
	if len(q.Args) == 0 || !slices.Contains(hostedCommands, q.Args[0]) {
		return nil, exit.Usagef("command needs args that begin with one of %s", strings.Join(hostedCommands, ", "))
	}
	var stdin bytes.Buffer
	if _, err := io.Copy(&stdin, h.in); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (answer, error) {
		return h.execute(ctx, q.ID, &stdin, h.program.Root, q.Args)
	}, nil
}

// execute runs a command for the client: its progress and notes become events,
// its document the answer.
func (h *host) execute(ctx context.Context, id uint64, stdin io.Reader, command func(*console.Console) *cobra.Command, args []string) (answer, error) {
	l := &console.Listener{
		Progress: func(e console.ProgressEvent) { h.out.Write(Reply{ID: id, Progress: &e}) },
		Note:     func(text string) { h.out.Write(Reply{ID: id, Note: text}) },
	}
	c := console.New(stdin, io.Discard, io.Discard)
	c.Listener = l
	if err := h.program.Execute(ctx, c, command(c), args); err != nil {
		return answer{}, c.Failure(ctx, err)
	}
	if l.Document == nil { // --help
		return answer{}, exit.Usagef("%s gave no result", strings.Join(args, " "))
	}
	if d, ok := l.Document.(console.Lifter); ok {
		rest, arrays := d.Lift()
		return answer{arrays: arrays, document: rest}, nil
	}
	return answer{document: l.Document}, nil
}
