package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// summary is what became of all tests.
type summary struct {
	passed, total map[bool]int // in scope, by whether they are expanded
	out           map[string][2]int
	failed        []result // in scope
}

func summarize(results []result) summary {
	s := summary{passed: map[bool]int{}, total: map[bool]int{}, out: map[string][2]int{}}
	for _, r := range results {
		if r.out != "" {
			n := s.out[r.out]
			n[1]++
			if r.failed == "" {
				n[0]++
			}
			s.out[r.out] = n
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

func (s summary) print(w io.Writer) {
	for _, r := range s.failed {
		fmt.Fprintf(w, "%s %s: %s\n", r.operator, r.name, strings.ReplaceAll(r.failed, "\n", " "))
	}
	for reason, n := range s.out {
		fmt.Fprintf(w, "outside of scope, %s: %d of %d pass\n", reason, n[0], n[1])
	}
	all, of := s.passed[false]+s.passed[true], s.total[false]+s.total[true]
	fmt.Fprintf(w, "in scope: %d of %d plain and %d of %d expanded pass on engine and reference: %.1f %%\n",
		s.passed[false], s.total[false], s.passed[true], s.total[true], 100*float64(all)/float64(max(1, of)))
}
