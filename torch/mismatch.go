package torch

import (
	"fmt"
	"strings"
)

// Problem says what is wrong with a key that does not fit a graph.
type Problem string

// The problems of keys.
const (
	Missing    Problem = "missing"     // the graph needs it, the file does not have it
	Extra      Problem = "extra"       // the file has it, the graph does not know it
	WrongShape Problem = "wrong shape" // both have it, with different extents
	WrongType  Problem = "wrong type"  // it holds something that the graph cannot take
	BadValue   Problem = "bad value"   // it holds NaN, infinities or impossible numbers
)

var problems = []Problem{Missing, Extra, WrongShape, WrongType, BadValue}

// Difference is one key that does not fit.
type Difference struct {
	Key      string  `json:"key"`
	Problem  Problem `json:"problem"`
	Expected string  `json:"expected,omitempty"`
	Found    string  `json:"found,omitempty"`
}

// MismatchError lists every key in which a state dict and a graph differ.
type MismatchError struct {
	File        string // where the state dict lay
	Model       string // name of the graph
	Differences []Difference
}

// Count returns how many keys have the problem.
func (e *MismatchError) Count(p Problem) int {
	n := 0
	for _, d := range e.Differences {
		if d.Problem == p {
			n++
		}
	}
	return n
}

// Error is the full report: a summary, then a line per key.
func (e *MismatchError) Error() string {
	var counts []string
	var b strings.Builder
	for _, p := range problems {
		if n := e.Count(p); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, p))
		}
	}
	file := e.File
	if file == "" {
		file = "the state dict"
	}
	fmt.Fprintf(&b, "%s does not fit %s: %s", file, e.Model, strings.Join(counts, ", "))
	for _, p := range problems {
		for _, d := range e.Differences {
			if d.Problem != p {
				continue
			}
			fmt.Fprintf(&b, "\n  %-11s %s", p, d.Key)
			switch {
			case d.Expected != "" && d.Found != "":
				fmt.Fprintf(&b, ": expected %s, found %s", d.Expected, d.Found)
			case d.Expected != "":
				fmt.Fprintf(&b, ": expected %s", d.Expected)
			case d.Found != "":
				fmt.Fprintf(&b, ": found %s", d.Found)
			}
		}
	}
	return b.String()
}
