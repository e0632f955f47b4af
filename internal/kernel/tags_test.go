package kernel_test

import (
	"go/build/constraint"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Each family has a table for each architecture: table_ARCH.go where it has rows for
// one, and table_other.go for all others, and for builds without assembly. A file for
// arm64 needs !arm64 in the tag of table_other.go, which only a build for arm64 would
// tell otherwise.
func TestEveryArchitectureHasOneTable(t *testing.T) {
	others, err := filepath.Glob("*/table_other.go")
	if err != nil || len(others) < 15 {
		t.Fatalf("%d families, %v", len(others), err)
	}
	for _, other := range others {
		for _, arch := range []string{"amd64", "arm64", "riscv64", runtime.GOARCH} {
			own := filepath.Join(filepath.Dir(other), "table_"+arch+".go")
			for _, noasm := range []bool{false, true} {
				tables := 0
				if meets(t, other, arch, noasm) {
					tables++
				}
				if _, err := os.Stat(own); err == nil && meets(t, own, arch, noasm) {
					tables++
				}
				if tables != 1 {
					t.Errorf("%s: %d tables on %s, noasm %v: %s has !%s in its tag where %s exists, which has !noasm",
						filepath.Dir(other), tables, arch, noasm, other, arch, filepath.Base(own))
				}
			}
		}
	}
}

// meets reports whether the tag of a file lets it be built.
func meets(t *testing.T, file, arch string, noasm bool) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	tag, err := constraint.Parse(line)
	if err != nil {
		t.Fatalf("%s begins with %q, not with a tag: %v", file, line, err)
	}
	return tag.Eval(func(name string) bool { return name == arch || name == "noasm" && noasm })
}
