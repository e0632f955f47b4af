package main

import (
	"context"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"strconv"
	"strings"
)

var (
	// progress is the line that Go prints of a running fuzz test.
	progress = regexp.MustCompile(`execs: (\d+) .*new interesting: (\d+) \(total: (\d+)\)`)
	// written is the line that says where Go has put the input of a failure.
	written = regexp.MustCompile(`Failing input written to (\S+)`)
	// over is all that Go says of a test whose time ended while a worker was busy.
	over = regexp.MustCompile(`(?m)^\s+context deadline exceeded$`)
	// seed is the line of a failure by an input that was there before.
	seed = regexp.MustCompile(`failure while testing seed corpus entry: (\S+)`)
)

// run fuzzes for a while and says how much was tried; the error is what a failing test
// printed.
func (t target) run(ctx context.Context, o options) (string, error) {
	// Making an interesting input smaller may otherwise take a minute, and all the time.
	args := []string{"test", "./" + t.folder, "-run", "^$", "-fuzz", "^" + t.name + "$",
		"-fuzztime", o.each.String(), "-fuzzminimizetime", (o.each / 10).String()}
	if o.workers > 0 {
		args = append(args, "-parallel", strconv.Itoa(o.workers))
	}
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil && !timeWasOver(string(out)) {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	lines := progress.FindAllStringSubmatch(string(out), -1)
	if lines == nil {
		return "", fmt.Errorf("nothing was tried: the time was over while the seeds ran, so give more by -time; go %s printed:\n%s", strings.Join(args, " "), out)
	}
	last := lines[len(lines)-1]
	return fmt.Sprintf("%s runs, %s inputs reached new code, %s in all", last[1], last[2], last[3]), nil
}

// timeWasOver reports whether go test failed because its time ended while a worker was busy, which
// it sometimes takes for a failure of the test: no input is to blame.
func timeWasOver(out string) bool {
	return over.MatchString(out) && !written.MatchString(out) && !seed.MatchString(out)
}

// failure is a fuzz test that failed, and what it printed.
type failure struct {
	target target
	err    error
}

func (f failure) String() string { return fmt.Sprintf("%s\n%v", f.target, f.err) }

// where says which input fails, and how to run it again.
func (f failure) where() string {
	again := fmt.Sprintf("go test ./%s -run '^%s$", f.target.folder, f.target.name)
	if m := written.FindStringSubmatch(f.err.Error()); m != nil {
		return fmt.Sprintf("the input is %s, and %s/%s$' runs it", path.Join(f.target.folder, m[1]), again, path.Base(m[1]))
	}
	if m := seed.FindStringSubmatch(f.err.Error()); m != nil {
		return fmt.Sprintf("the input is the seed %s, and %s/%s$' runs it", m[1], again, path.Base(m[1]))
	}
	return fmt.Sprintf("no input was written; what it printed is above, and %s' runs its seeds", again)
}
