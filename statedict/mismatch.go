package statedict

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
	Key      string  `json:"key"`                // in the state dict
	Problem  Problem `json:"problem"`            // in what way it does not fit
	Expected string  `json:"expected,omitempty"` // what the graph has, in words; empty of an extra key
	Found    string  `json:"found,omitempty"`    // what the state dict has, in words; empty of a missing key
}

// MismatchError lists every key in which a state dict and a graph differ.
type MismatchError struct {
	File        string       // where the state dict lay
	Model       string       // name of the graph
	Differences []Difference // at least one; extra keys come last
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

// Error is Summary behind the names of file and model.
func (e *MismatchError) Error() string {
	file := e.File
	if file == "" {
		file = "the state dict"
	}
	return fmt.Sprintf("%s does not fit %s: %s", file, e.Model, e.Summary())
}

// Summary counts the differences and lists the first of each problem, in at most
// a dozen lines. Differences has all of them.
func (e *MismatchError) Summary() string { return e.list(10) }

// Report is Summary with every difference.
func (e *MismatchError) Report() string { return e.list(len(problems) * len(e.Differences)) }

// list counts the differences and lists the first ones.
func (e *MismatchError) list(most int) string {
	var present []Problem
	var counts []string
	for _, p := range problems {
		if n := e.Count(p); n > 0 {
			present = append(present, p)
			counts = append(counts, fmt.Sprintf("%d %s", n, p))
		}
	}
	var b strings.Builder
	b.WriteString(strings.Join(counts, ", "))
	shown := 0
	for i, p := range present {
		// Lines that earlier problems did not use go to the later ones.
		room := (most - shown) / (len(present) - i)
		for _, d := range e.Differences {
			if d.Problem == p && room > 0 {
				b.WriteString("\n  " + d.String())
				room--
				shown++
			}
		}
	}
	if left := len(e.Differences) - shown; left > 0 {
		fmt.Fprintf(&b, "\n  and %d more", left)
	}
	return b.String()
}

// String is a line: problem, key, and what was expected and found.
func (d Difference) String() string {
	text := fmt.Sprintf("%-11s %s", d.Problem, d.Key)
	switch {
	case d.Expected != "" && d.Found != "" && d.Problem != Missing:
		return text + fmt.Sprintf(": expected %s, found %s", d.Expected, d.Found)
	case d.Expected != "":
		return text + ": expected " + d.Expected
	case d.Found != "":
		return text + ": found " + d.Found
	}
	return text
}
