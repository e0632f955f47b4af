package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// quick is enough to find what fails at once, also on a machine that has much else to do.
var quick = options{each: 500 * time.Millisecond, workers: 1}

// Every fuzz test has seeds that were committed: what its f.Add gives is found by
// running, what fuzzing found is not.
func TestEveryFuzzTestHasACorpus(t *testing.T) {
	all, err := targets("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("%d fuzz tests were found: %v", len(all), all)
	}
	total := int64(0)
	for _, target := range all {
		seeds, err := os.ReadDir(filepath.Join("../..", target.corpus()))
		if err != nil || len(seeds) == 0 {
			t.Errorf("%s has no seeds in %s: run go run ./tools/fuzz -run %s -time 10s -keep 8", target, target.corpus(), target)
		}
		for _, s := range seeds {
			info, err := s.Info()
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() > largest {
				t.Errorf("%s/%s has %d bytes, more than %d", target.corpus(), s.Name(), info.Size(), largest)
			}
			total += info.Size()
		}
	}
	if total > 2_000_000 {
		t.Errorf("all seeds together have %d bytes: remove some that say the same", total)
	}
}

// A module with a fuzz test that holds and one that does not.
func TestRun(t *testing.T) {
	root := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	test := func(pkg, body string) string {
		return "package " + pkg + "\n\nimport \"testing\"\n\nfunc FuzzX(f *testing.F) {\n\tf.Add([]byte{1})\n" +
			"\tf.Fuzz(func(t *testing.T, b []byte) { " + body + " })\n}\n"
	}
	put("go.mod", "module example.com/m\n\ngo 1.26\n")
	put("good/x_test.go", test("good", "_ = b"))
	put("bad/deep/x_test.go", test("deep", `if len(b) > 0 { t.Fatal("it is full") }`))
	put("testdata/x_test.go", test("testdata", ""))
	put("nested/go.mod", "module example.com/nested\n")
	put("nested/x_test.go", test("nested", ""))
	t.Chdir(root)
	all, err := targets(".")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"bad/deep/FuzzX": "it is full", "good/FuzzX": ""}
	if len(all) != len(want) {
		t.Fatalf("found %v", all)
	}
	if testing.Short() {
		return // what follows builds and fuzzes
	}
	for _, target := range all {
		found, err := target.run(t.Context(), quick)
		switch message := want[target.String()]; {
		case message == "" && err != nil:
			t.Errorf("%s: %v", target, err)
		case message == "" && !strings.Contains(found, "runs"):
			t.Errorf("%s: %q", target, found)
		case message != "" && (err == nil || !strings.Contains(err.Error(), message)):
			t.Errorf("%s: error %v, want one with %q", target, err, message)
		}
	}
	var out strings.Builder
	err = runAll(t.Context(), &out, all, quick)
	if err == nil || err.Error() != "1 of 2 fuzz tests failed" {
		t.Errorf("error %v:\n%s", err, &out)
	}
	for _, part := range []string{"[2/2] good/FuzzX", "FAIL  bad/deep/FuzzX: ", "go test ./bad/deep -run '^FuzzX$"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is not in what was printed:\n%s", part, &out)
		}
	}
}

// The end of the time is no failure, unless an input is to blame too.
func TestTimeWasOver(t *testing.T) {
	const end = "--- FAIL: FuzzX (2.05s)\n    context deadline exceeded\nFAIL\n"
	for printed, want := range map[string]bool{
		end: true,
		end + "    Failing input written to testdata/fuzz/FuzzX/0a1b\n": false,
		"--- FAIL: FuzzX (2.05s)\n    it is full\n":                     false,
		"    it said: context deadline exceeded while reading\n":        false,
	} {
		if timeWasOver(printed) != want {
			t.Errorf("%v of %q", !want, printed)
		}
	}
}

// What Go prints of an input that it has found, and of one that was there before.
func TestWhere(t *testing.T) {
	for printed, want := range map[string]string{
		"    Failing input written to testdata/fuzz/FuzzX/0a1b\n": "the input is a/b/testdata/fuzz/FuzzX/0a1b, and go test ./a/b -run '^FuzzX$/0a1b$' runs it",
		"failure while testing seed corpus entry: FuzzX/seed#0\n": "the input is the seed FuzzX/seed#0, and go test ./a/b -run '^FuzzX$/seed#0$' runs it",
		"build failed": "no input was written; what it printed is above, and go test ./a/b -run '^FuzzX$' runs its seeds",
	} {
		if got := (failure{target{"a/b", "FuzzX"}, errors.New(printed)}).where(); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", printed, got, want)
		}
	}
}

func TestCopySmallest(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "a", "b")
	for name, size := range map[string]int{"a": 30, "b": 10, "c": 20, "d": largest + 1} {
		if err := os.WriteFile(filepath.Join(from, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := copySmallest(to, from, 2); err != nil {
		t.Fatal(err)
	}
	var got []string
	entries, _ := os.ReadDir(to)
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != "b c" {
		t.Errorf("kept %v", got)
	}
	if err := copySmallest(to, filepath.Join(from, "none"), 2); err != nil {
		t.Errorf("nothing was found yet: %v", err)
	}
}
