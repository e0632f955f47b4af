package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits.json")
	counted := func(n int64) []result { return []result{{Model: "a", Core: "max", Steady: n}} }
	if err := checkLimits(counted(1000), path, true); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int64]string{1000: "", 1010: "", 500: "", 1011: "1.1 % more"} {
		if err := checkLimits(counted(n), path, false); (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, want %q", n, err, want)
		}
	}
	if err := checkLimits(nil, path, false); err == nil || !strings.Contains(err.Error(), "was not counted") {
		t.Errorf("a limit without a count: %v", err)
	}
	other := append(counted(1000), result{Model: "b", Core: "max"})
	if err := checkLimits(other, path, false); err == nil || !strings.Contains(err.Error(), "no limit") {
		t.Errorf("a count without a limit: %v", err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := checkLimits(counted(1), path, false); err == nil {
		t.Error("a broken file was read")
	}
}
