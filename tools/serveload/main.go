// Command serveload loads octet serve and checks what it promises: under more clients than it
// can serve, with clients that leave, during reloads, at its end, under attack, for a long time.
//
//	go run ./tools/serveload [flags] [CHECK]...        all checks, or those named; -list lists them
//	go run ./tools/serveload load [flags] URL          one load on any HTTP server, figures as JSON
//
// What holds by counting fails the command when it is broken. Times are printed beside the
// bound that is promised, and fail only with -strict, which is for a machine that does nothing
// else. It reads /proc, and so needs Linux.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/octet-ml/octet/tensor"
)

// checks are all there are, in their order.
var checks = []struct {
	name, what string
	check      func(context.Context, *setting) error
}{
	{"overload", "64 clients and a queue of 8: answers and 429, nothing else", overload},
	{"queue", "requests whose client left or whose time was over while they waited are not computed", queue},
	{"reload", "reloads under 8 clients, every fifth file broken: no request fails, answers are of one file", reload},
	{"drain", "SIGTERM: not ready at once, what is in flight is answered, exit code 0", drain},
	{"slow", "500 clients that send a byte a second, and some that read nothing, are let go; others are served", slow},
	{"hostile", "bombs and broken requests are refused, in bounded memory", hostile},
	{"same", "1, 8 and 64 clients, HTTP and gRPC: the same bytes", same},
	{"leaks", "mixed requests leave neither goroutines nor memory behind", leaks},
}

// setting is what the checks run with.
type setting struct {
	octet        string // the program
	model, other string // files of two models that take the same input
	shape        []int  // of an input without its batch
	batch        int    // inputs of a request whose computation takes a while
	requests     int    // of the check for leaks
	reloads      int
	memory       int64 // bytes that hostile requests may add
	strict       bool  // times fail, too
	folder       string
	name         string // of the check that runs
}

// say prints a figure.
func (s *setting) say(format string, args ...any) {
	fmt.Printf("%-9s %s\n", s.name, fmt.Sprintf(format, args...))
}

// within prints a time beside its bound, and is an error where times count.
func (s *setting) within(what string, took, bound time.Duration) error {
	verdict := "kept"
	if took > bound {
		verdict = "NOT KEPT"
	}
	s.say("%s %v, promised %v: %s", what, short(took), short(bound), verdict)
	if s.strict && took > bound {
		return fmt.Errorf("%s took %v, promised are %v", what, took, bound)
	}
	return nil
}

// input is a random request of n inputs.
func (s *setting) input(seed uint64, n int) *tensor.Tensor {
	return noise(seed, append([]int{n}, s.shape...)...)
}

// serve starts a server of the model, calls what with it and stops it.
func (s *setting) serve(what func(*target) error, args ...string) (err error) {
	p, err := start(s.octet, append([]string{s.model}, args...)...)
	if err != nil {
		return err
	}
	defer func() {
		if end := p.stop(); err == nil && end != nil {
			err = fmt.Errorf("the server did not end well: %w", end)
		}
	}()
	t, err := to(p, stem(s.model))
	if err != nil {
		return err
	}
	defer t.close()
	return what(t)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == "load" {
		err = loadCommand(ctx, os.Args[2:])
	} else {
		err = checkCommand(ctx, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// checkCommand runs checks.
func checkCommand(ctx context.Context, args []string) error {
	s, shape := &setting{}, ""
	f := flag.NewFlagSet("serveload", flag.ExitOnError)
	f.StringVar(&s.octet, "octet", "", "the program; it is built without")
	f.StringVar(&s.model, "model", "cmd/octet/demodata/fashion_resnet8.pth", "the model, with one float32 input")
	f.StringVar(&s.other, "other", "cmd/octet/demodata/fashion_resnet8_wide.pth", "another one that takes the same input, for reloads")
	f.StringVar(&shape, "shape", "1x28x28", "of an input without its batch")
	f.IntVar(&s.batch, "batch", 64, "inputs of a request whose computation is to take a while")
	f.IntVar(&s.requests, "requests", 100_000, "requests of the check leaks")
	f.IntVar(&s.reloads, "reloads", 50, "reloads of the check reload")
	f.Int64Var(&s.memory, "memory", 1<<30, "bytes that hostile requests may add to the server's memory")
	f.BoolVar(&s.strict, "strict", false, "times that are not kept fail, too")
	list := f.Bool("list", false, "list the checks")
	f.Parse(args)
	for _, c := range checks {
		if *list {
			fmt.Printf("%-9s %s\n", c.name, c.what)
		}
	}
	if *list {
		return nil
	}
	for text := range strings.SplitSeq(shape, "x") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-shape %s: numbers from 1 up, with x between them, are expected", shape)
		}
		s.shape = append(s.shape, n)
	}
	for _, name := range f.Args() {
		if !slices.ContainsFunc(checks, func(c struct {
			name, what string
			check      func(context.Context, *setting) error
		}) bool {
			return c.name == name
		}) {
			return fmt.Errorf("there is no check %q: -list lists them", name)
		}
	}
	var err error
	if s.folder, err = os.MkdirTemp("", "serveload"); err != nil {
		return err
	}
	defer os.RemoveAll(s.folder)
	if s.octet == "" {
		s.octet = filepath.Join(s.folder, "octet")
		build := exec.CommandContext(ctx, "go", "build", "-o", s.octet, "./cmd/octet")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("building octet: %w", err)
		}
	}
	failed := 0
	for _, c := range checks {
		if f.NArg() > 0 && !slices.Contains(f.Args(), c.name) {
			continue
		}
		s.name = c.name
		begun := time.Now()
		if err := c.check(ctx, s); err != nil {
			failed++
			s.say("FAILED: %v", err)
			continue
		}
		s.say("ok, %v", time.Since(begun).Round(100*time.Millisecond))
	}
	if failed > 0 {
		return fmt.Errorf("%d checks failed", failed)
	}
	return nil
}
