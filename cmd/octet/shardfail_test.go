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

// failsOfInput demands an error of what was read, which does not say that a file cannot be
// written, and that nothing was.
func failsOfInput(t *testing.T, out string, says []string, args ...string) {
	t.Helper()
	r := octetCommand(t, append(args, "--output", out)...)
	r.fails(t, exit.Data, says...)
	if strings.Contains(r.errOut, "cannot write") || strings.Contains(r.errOut, "another place") {
		t.Errorf("the input is damaged, and the output is blamed:\n%s", r.errOut)
	}
	if exists(out) {
		t.Errorf("%s was written", out)
	}
}

// Predictions that lost or got lines are named, and are not taken for a problem of the output.
func TestMergeOfDamagedPredictions(t *testing.T) {
	r := testseed.Rand(t)
	folder, int8, _ := quantized(t)
	data := pictureFolder(t, r, 12)
	var parts []string
	for _, shard := range []string{"1/2", "2/2"} {
		part := filepath.Join(folder, "d"+shard[:1]+".jsonl")
		octetCommand(t, "run", int8, data, "--shard", shard, "--output", part, "--quiet").must(t)
		parts = append(parts, part)
	}
	out := filepath.Join(folder, "damaged-all.jsonl")
	octetCommand(t, "merge", parts[0], parts[1], "--output", parts[0]).fails(t, exit.Usage, "it would replace the part", parts[0])
	which := r.IntN(2)
	good, err := os.ReadFile(parts[which])
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	lines = lines[:len(lines)-1] // behind the last line is nothing
	k := r.IntN(len(lines) - 2)
	added := []byte(`{"at":[0,1000],"input":"x.png","top":[]}` + "\n")
	for says, content := range map[string][][]byte{
		"fewer lines":         slices.Delete(slices.Clone(lines), k, k+1),
		"more lines":          slices.Insert(slices.Clone(lines), len(lines)-1, added),
		"is no prediction":    slices.Insert(slices.Clone(lines), k+1, []byte("{}\n")),
		"twice or out of ord": slices.Concat(lines[:k+1], lines[k:]),
	} {
		if err := os.WriteFile(parts[which], bytes.Join(content, nil), 0o644); err != nil {
			t.Fatal(err)
		}
		failsOfInput(t, out, []string{says, parts[which]}, "merge", parts[0], parts[1])
	}
}

// Images that cannot be read are no problem of the output.
func TestRunShardOfDamagedData(t *testing.T) {
	folder, int8, _ := quantized(t)
	empty, broken := filepath.Join(folder, "empty"), filepath.Join(folder, "broken.tar")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, bytes.Repeat([]byte("no archive "), 100), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{empty, broken} {
		failsOfInput(t, filepath.Join(folder, "p.jsonl"), []string{filepath.Base(data)}, "run", int8, data, "--shard", "1/1")
	}
}
