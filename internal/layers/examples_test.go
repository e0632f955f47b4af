package layers

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// longest is how many lines an example has: one that is longer hides what it shows.
const longest = 80

// Examples use what README promises to keep, are short, have a test, and README names
// them.
func TestExamples(t *testing.T) {
	document, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := string(document)
	var stable []string
	for _, line := range strings.Split(readme, "\n") {
		if strings.HasPrefix(line, "| `octet` (the root)") {
			for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
				stable = append(stable, m[1])
			}
		}
	}
	if len(stable) < 5 {
		t.Fatalf("README.md promises to keep %q: is the row elsewhere now?", stable)
	}
	examples := 0
	for pkg, deps := range imports(t) {
		if !strings.HasPrefix(pkg, "examples/") {
			continue
		}
		examples++
		for _, dep := range deps {
			if dep != "" && !slices.Contains(stable, dep) {
				t.Errorf("%s imports %s: README.md does not promise to keep it", pkg, dep)
			}
		}
		if !strings.Contains(readme, pkg) {
			t.Errorf("README.md does not name %s", pkg)
		}
		if _, err := os.Stat(filepath.Join(root, pkg, "main_test.go")); err != nil {
			t.Errorf("%s: no test runs it: %v", pkg, err)
		}
		source, err := os.ReadFile(filepath.Join(root, pkg, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), "\n"); n >= longest {
			t.Errorf("%s has %d lines: an example has fewer than %d", pkg, n, longest)
		}
	}
	if examples < 4 {
		t.Errorf("there are %d examples", examples)
	}
}
