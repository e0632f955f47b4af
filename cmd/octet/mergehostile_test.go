package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/testseed"
)

// TestMergeOfAnyDamage: whatever bytes of a shard's file are lost, changed or repeated, merge
// ends with the file's name, unless what changed is a number that nothing else depends on.
func TestMergeOfAnyDamage(t *testing.T) {
	r := testseed.Rand(t)
	folder, int8, _ := quantized(t)
	_, float, _, _ := demoFolder(t)
	data, labels := pictureFolder(t, r, 12), digits(t)
	in := func(name string) string { return filepath.Join(folder, name) }
	for _, kind := range []struct {
		ending string
		args   []string
		output string // flag of the file
	}{
		{"eval.json", []string{"eval", int8, data, "--labels", labels, "--against", float}, "--output"},
		{"stats.json", []string{"quantize", float, "--calibration", data, "--qconfig", "minmax"}, "--stats"},
		{"lines.jsonl", []string{"run", int8, data}, "--output"},
	} {
		a, b, out := in("a"+kind.ending), in("b"+kind.ending), in("all"+kind.ending)
		for i, file := range []string{a, b} {
			octetCommand(t, append(slices.Clone(kind.args), "--shard", []string{"1/2", "2/2"}[i], kind.output, file, "--quiet")...).must(t)
		}
		good, err := os.ReadFile(b)
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for range 40 {
			bad := slices.Clone(good)
			at := r.IntN(len(bad))
			to := at + r.IntN(min(len(bad)-at, 60))
			switch r.IntN(4) {
			case 0:
				bad = bad[:at]
			case 1:
				bad[at] ^= byte(1 + r.IntN(255))
			case 2:
				bad = slices.Concat(bad[:at], bad[to:])
			case 3:
				bad = slices.Concat(bad[:to], bad[at:])
			}
			if err := os.WriteFile(b, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			os.Remove(out)
			got := octetCommand(t, "merge", a, b, "--output", out)
			switch {
			case got.code == exit.OK && exists(out):
				continue
			case got.code != exit.Data, exists(out), !strings.Contains(got.errOut, filepath.Base(b)) && !strings.Contains(got.errOut, "missing"):
				t.Errorf("%s, from byte %d to %d: exit code %d\n%s\n%.300q", kind.ending, at, to, got.code, got.errOut, bytes.TrimPrefix(bad, good[:min(at, len(bad))]))
			default:
				refused++
			}
		}
		if refused == 0 {
			t.Errorf("%s: nothing was refused", kind.ending)
		}
	}
}
