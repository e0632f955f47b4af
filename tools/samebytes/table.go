package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// row is what the comparisons of an architecture gave.
type row struct {
	arch      string
	edge      int
	seed      uint64
	same, all []int // results, by preset
}

// add counts the results of two digests.
func (r *row) add(preset int, here, there []byte) {
	lines, others := strings.Split(string(here), "\n"), strings.Split(string(there), "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "threads ") {
			continue
		}
		r.all[preset]++
		if i < len(others) && others[i] == line {
			r.same[preset]++
		}
	}
}

func (r *row) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %d | %d |", r.arch, r.edge, r.seed)
	for i := range r.all {
		fmt.Fprintf(&b, " %d of %d |", r.same[i], r.all[i])
	}
	return b.String()
}

// writeTable puts r into a file's table, in place of the row that its architecture had there;
// a file without a name is not written.
func (e emulated) writeTable(r *row) error {
	if e.markdown == "" {
		return nil
	}
	text, err := os.ReadFile(e.markdown)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	rule := strings.Repeat("|---", 3+len(presets)) + "|\n"
	rows := []string{r.String()}
	if _, old, ok := strings.Cut(string(text), rule); ok {
		for line := range strings.Lines(old) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "| "+r.arch+" |") {
				rows = append(rows, line)
			}
		}
	}
	slices.Sort(rows)
	head := fmt.Sprintf("Results of int8 models, each with one to three threads, and one and eight images, that have the same\n"+
		"bits on %s and, under qemu, on %s:\n"+
		"`go run ./tools/samebytes -cpus %s -seed SEED -edge EDGE -markdown FILE`.\n\n"+
		"| model | edge | seed | %s |\n", runtime.GOARCH, strings.Join(e.cpus, ", "), strings.Join(e.cpus, ","), strings.Join(presets, " | "))
	return os.WriteFile(e.markdown, []byte(head+rule+strings.Join(rows, "\n")+"\n"), 0o666)
}
