package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/shell"
)

// mostDemoShards bounds --shards: each is a process of this machine.
const mostDemoShards = 64

// onlyShards refuses flags of the demo that --shards does not look at.
func onlyShards(cmd *cobra.Command) (err error) {
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && f.Name != "shards" && f.Name != "keep" {
			err = exit.Usagef("--%s does not go with --shards, which evaluates all test images in default settings", f.Name)
		}
	})
	return err
}

// runShards evaluates the model of the demo in so many processes, and merges what they
// count. The commands are shown as one would type them.
func (f *demoFlags) runShards(ctx context.Context, c *console.Console) error {
	if f.shards < 1 || f.shards > mostDemoShards {
		return exit.Usagef("--shards %d: 1 to %d", f.shards, mostDemoShards)
	}
	folder, done, err := f.folder()
	if err != nil {
		return err
	}
	defer done()
	if err := unpackDemo(folder, demoNetwork, demoCalibration, demoTest); err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	threads := fmt.Sprint(max(1, runtime.GOMAXPROCS(0)/f.shards))
	quantize := []string{"quantize", in(demoNetwork), "--calibration", in(demoCalibration), "--output", in("int8.pth")}
	if err := runSelves(ctx, c, quantize); err != nil {
		return err
	}
	var evals [][]string
	var parts []string
	for i := range f.shards {
		part := in(fmt.Sprintf("part%d.json", i+1))
		parts = append(parts, part)
		evals = append(evals, []string{"eval", in("int8.pth"), in(demoTest), "--shard", fmt.Sprintf("%d/%d", i+1, f.shards), "--threads", threads, "--output", part})
	}
	if err := runSelves(ctx, c, evals...); err != nil {
		return err
	}
	merge := append([]string{"merge"}, parts...)
	c.Note("%s", shellLine(append(merge, "--output", in("all.json"))))
	return runMerge(c, parts, in("all.json"))
}

// shellLine is a command of octet as one types it.
func shellLine(args []string) string {
	words := []string{"octet"}
	for _, a := range args {
		words = append(words, shell.Quote(a))
	}
	return strings.Join(words, " ")
}

// runSelves runs commands of this program side by side, each in a process.
func runSelves(ctx context.Context, c *console.Console, commands ...[]string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	failed := make([]error, len(commands))
	for i, args := range commands {
		c.Note("%s", shellLine(args))
		group.Go(func() {
			var said bytes.Buffer
			cmd := exec.CommandContext(ctx, program, append(args, "--quiet")...)
			cmd.Stderr = &said
			if err := cmd.Run(); err != nil {
				failed[i] = exit.WithCode(cmd.ProcessState.ExitCode(), fmt.Errorf("%s: %w\n%s", shellLine(args), err, said.String()))
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}
