package dataset

import (
	"regexp"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// TestNamesOfFiles: what names hold is found as regular expressions find it, which
// programs need not link for this.
func TestNamesOfFiles(t *testing.T) {
	r := testseed.Rand(t)
	wordNet, running := regexp.MustCompile(`n\d{8}`), regexp.MustCompile(`[ ._-]*\(?\d+\)?$`)
	pieces := []string{"n", "0144", "0764", "12", "cat", " ", ".", "_", "-", "(", ")", "7", "é"}
	for range 5000 {
		name := ""
		for range r.IntN(7) {
			name += pieces[r.IntN(len(pieces))]
		}
		if got, want := wordNetIn(name), wordNet.FindString(name); got != want {
			t.Errorf("%q: WordNet's number is %q, want %q", name, got, want)
		}
		if got, want := withoutRunning(name), running.ReplaceAllString(name, ""); got != want {
			t.Errorf("%q without its running number is %q, want %q", name, got, want)
		}
	}
}
