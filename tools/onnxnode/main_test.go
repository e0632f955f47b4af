package main

import (
	"regexp"
	"testing"
)

// The committed archive has a few small tests of every operator; they pass, or fail for a
// reason that is known.
func TestSmallArchive(t *testing.T) {
	results, err := runArchive(t.Context(), "testdata/small.zip", regexp.MustCompile(""))
	if err != nil {
		t.Fatal(err)
	}
	operators := map[string]bool{}
	for _, r := range results {
		operators[r.operator] = true
		switch why := reasonOf(r.name); {
		case r.failed != "" && why == "":
			t.Errorf("%s: %s", r.name, r.failed)
		case r.failed == "" && why != "":
			t.Errorf("%s passes; the reason why it would not, %q, is out of date", r.name, why)
		}
	}
	t.Logf("%d tests of %d operators", len(results), len(operators))
	if len(operators) < fewest {
		t.Errorf("the archive has tests of %d operators; at least %d are expected", len(operators), fewest)
	}
}

// fewest is less than the operators that octet reads, and far more than a damaged archive has.
const fewest = 150
