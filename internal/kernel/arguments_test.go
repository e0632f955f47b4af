package kernel_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// routine is the declaration of one in assembly.
var routine = regexp.MustCompile(`(?m)^func \w+\(.*arg \*([\w.]+)\)$`)

// The tests of a family compare the arguments of its routines with the assembly: where
// fields are, and that no routine moves a pointer.
func TestEveryArgumentIsCompared(t *testing.T) {
	routines := map[string]int{}
	files, err := filepath.Glob("*/*_*64.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		arch := strings.TrimSuffix(file[strings.LastIndexByte(file, '_')+1:], ".go")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range routine.FindAllStringSubmatch(string(text), -1) {
			routines[arch]++
			test := filepath.Join(filepath.Dir(file), "offsets_"+arch+"_test.go")
			if compared, err := os.ReadFile(test); err != nil || !strings.Contains(string(compared), "kerneltest.Offsets["+m[1]+"](") {
				t.Errorf("%s: %s is the argument of a routine, but not compared in %s", file, m[1], test)
			}
		}
	}
	if routines["amd64"] < 100 || routines["arm64"] < 3 {
		t.Errorf("only %v routines were found", routines)
	}
}
