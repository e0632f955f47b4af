package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// summary is what became of all tests.
type summary struct {
	passed, total map[bool]int    // in scope, by whether they are expanded
	out           map[string]part // outside of scope, by why
	failed        []result        // in scope
}

// part is a group of tests outside of scope.
type part struct {
	passed, total int
	operators     map[string]bool
}

func summarize(results []result) summary {
	s := summary{passed: map[bool]int{}, total: map[bool]int{}, out: map[string]part{}}
	for _, r := range results {
		if r.out != "" {
			s.leaveOut(r)
			continue
		}
		expanded := strings.Contains(r.name, "_expanded")
		s.total[expanded]++
		if r.failed == "" {
			s.passed[expanded]++
		} else {
			s.failed = append(s.failed, r)
		}
	}
	slices.SortFunc(s.failed, func(a, b result) int {
		if d := strings.Compare(a.operator, b.operator); d != 0 {
			return d
		}
		return strings.Compare(a.name, b.name)
	})
	return s
}

func (s summary) leaveOut(r result) {
	p := s.out[r.out]
	if p.operators == nil {
		p.operators = map[string]bool{}
	}
	p.total++
	p.operators[r.operator] = true
	if r.failed == "" {
		p.passed++
	}
	s.out[r.out] = p
}

// unexplained are the tests in scope that fail without a known reason.
func (s summary) unexplained() []result {
	return slices.DeleteFunc(slices.Clone(s.failed), func(r result) bool { return reasonOf(r.name) != "" })
}

// counts is a line about the tests in scope.
func (s summary) counts() string {
	all, of := s.passed[false]+s.passed[true], s.total[false]+s.total[true]
	return fmt.Sprintf("in scope: %d of %d plain and %d of %d expanded tests pass on the engine and on the reference, %.1f %%",
		s.passed[false], s.total[false], s.passed[true], s.total[true], 100*float64(all)/float64(max(1, of)))
}

func (s summary) print(w io.Writer) {
	for _, r := range s.failed {
		fmt.Fprintf(w, "%s %s: %s\n", r.operator, r.name, strings.ReplaceAll(r.failed, "\n", " "))
	}
	for _, why := range slices.Sorted(maps.Keys(s.out)) {
		fmt.Fprintf(w, "outside of scope, %s: %d of %d pass\n", why, s.out[why].passed, s.out[why].total)
	}
	if list := s.unexplained(); len(list) > 0 {
		fmt.Fprintf(w, "%d fail without a reason in reasons.go\n", len(list))
	}
	fmt.Fprintln(w, s.counts())
}

// document lists what fails and what is outside of scope, as Markdown.
func (s summary) document() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# ONNX's backend node tests

Which of the node tests of onnx 1.23.2 octet passes; written by

    python tools/onnxnode/cases.py cases.zip
    go run ./tools/onnxnode -list docs/onnx-tests.md cases.zip

Every test is computed by the engine and by the reference. %s.
The rule of scope is in `+"`tools/onnxnode/cases.py`"+`; a test of the expanded form of an operator counts apart.

## In scope, and failing
`, strings.ToUpper(s.counts()[:1])+strings.ReplaceAll(s.counts()[1:], " tests pass", "\ntests pass"))
	byReason := map[string][]string{}
	for _, r := range s.failed {
		why := reasonOf(r.name)
		byReason[why] = append(byReason[why], r.name)
	}
	for _, why := range slices.Sorted(maps.Keys(byReason)) {
		b.WriteString("\n" + wrapped(fmt.Sprintf("%d: %s.", len(byReason[why]), why)) + "\n\n")
		for _, name := range byReason[why] {
			fmt.Fprintf(&b, "- `%s`\n", name)
		}
	}
	b.WriteString("\n## Outside of scope\n\nBy what they are of, or what their inputs and outputs are:\n\n")
	for _, why := range slices.Sorted(maps.Keys(s.out)) {
		p := s.out[why]
		line := fmt.Sprintf("- %s: %d tests, of which %d pass; %s", why, p.total, p.passed, strings.Join(slices.Sorted(maps.Keys(p.operators)), ", "))
		b.WriteString(wrapped(line) + "\n")
	}
	return b.String()
}

// width is where lines of the document end at the latest.
const width = 110

// wrapped breaks an item of a list, or a sentence, at spaces.
func wrapped(item string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(item) {
		switch {
		case i > 0 && column+1+len(word) > width:
			b.WriteString("\n ")
			column = 1
			fallthrough
		case i > 0:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
