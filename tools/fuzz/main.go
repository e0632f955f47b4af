// Command fuzz runs every fuzz test of the module for a while, one after another:
//
//	go run ./tools/fuzz                     30 s each
//	go run ./tools/fuzz -time 5s -run torch those whose package and name match
//
// It prints a line when it begins a test and one when that has ended; of one that fails
// what it printed, and where Go has put the input: into testdata/fuzz beside the test,
// where `go test` finds it from then on. At the end it lists what failed, and exits with
// 1 if anything did. Inputs that reached new code stay in Go's cache for the next run;
// -keep copies the smallest of them to testdata/fuzz, to be committed as seeds.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"regexp"
	"time"
)

// options say how each fuzz test is run.
type options struct {
	each    time.Duration
	workers int // 0: one for each core
	keep    int // inputs to commit
}

func main() {
	log.SetFlags(0)
	var o options
	flag.DurationVar(&o.each, "time", 30*time.Second, "time of each fuzz test, without building it and running its seeds")
	match := flag.String("run", "", "regular expression of PACKAGE/Name; empty: all")
	flag.IntVar(&o.workers, "parallel", 0, "processes of a fuzz test; 0: one for each core")
	flag.IntVar(&o.keep, "keep", 0, "after a run, copy so many of the smallest new inputs to testdata/fuzz of each test")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unknown argument %q: which tests to run is said by -run", flag.Arg(0))
	}
	wanted, err := regexp.Compile(*match)
	if err != nil {
		log.Fatalf("-run: %v", err)
	}
	all, err := targets(".")
	if err != nil {
		log.Fatal(err)
	}
	var chosen []target
	for _, t := range all {
		if wanted.MatchString(t.String()) {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) == 0 {
		log.Fatalf("none of the %d fuzz tests matches %q", len(all), *match)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := runAll(ctx, os.Stdout, chosen, o); err != nil {
		log.Fatal(err)
	}
}

// runAll runs the tests and says how they went; the error counts those that failed.
func runAll(ctx context.Context, w io.Writer, all []target, o options) error {
	var failed []failure
	for i, t := range all {
		fmt.Fprintf(w, "[%d/%d] %-36s for %v\n", i+1, len(all), t, o.each)
		found, err := t.run(ctx, o)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted in %s", t)
		}
		if err != nil {
			f := failure{t, err}
			failed = append(failed, f)
			fmt.Fprintf(w, "FAIL  %v\n", f)
			continue
		}
		fmt.Fprintf(w, "ok    %s\n", found)
		if o.keep > 0 {
			if err := t.keep(ctx, o.keep); err != nil {
				return err
			}
		}
	}
	if len(failed) == 0 {
		fmt.Fprintf(w, "%d fuzz tests, none failed\n", len(all))
		return nil
	}
	fmt.Fprintln(w)
	for _, f := range failed {
		fmt.Fprintf(w, "FAIL  %s: %s\n", f.target, f.where())
	}
	return fmt.Errorf("%d of %d fuzz tests failed", len(failed), len(all))
}
