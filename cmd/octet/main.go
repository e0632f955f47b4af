package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
)

// oneSignal is how long further signals count as the first one: a terminal sends
// Ctrl-C to this process and to the program around it, which may pass it on.
const oneSignal = 300 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for an orderly end, the second ends at once.
	context.AfterFunc(ctx, func() {
		time.Sleep(oneSignal)
		stop()
	})
	if len(os.Args) > 1 && os.Args[1] == stdioName {
		// Only the client ends a session, not Ctrl-C; a closed pipe is an error like others.
		signal.Ignore(os.Interrupt, syscall.SIGPIPE)
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code. It uses no global state of the
// process, so that tests can call it directly.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := console.New(stdin, stdout, stderr)
	root := newRoot(c)
	console.RegisterCompletions(root)
	c.JSON = console.AsksForJSON(args) // holds also where the command line is wrong
	err := execute(ctx, c, root, args)
	return c.Report(ctx, err)
}

// execute runs the command that args name.
func execute(ctx context.Context, c *console.Console, root *cobra.Command, args []string) error {
	root.SetArgs(protectNumbers(root, args))
	err := root.ExecuteContext(ctx)
	c.Finish()
	return err
}
