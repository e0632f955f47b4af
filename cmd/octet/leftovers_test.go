package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
)

const leftoversFolder = "../../testdata/leftovers"

// sumsBound is how far logits of these small networks may lie from PyTorch's, as a share
// of 1 and of the logit: float32 sums in another order.
const sumsBound = 1e-5

// sameLogits runs a file without a flag and compares with what PyTorch computes.
func sameLogits(t *testing.T, file, golden string) {
	t.Helper()
	y := filepath.Join(t.TempDir(), "y.npy")
	octetCommand(t, "run", file, "--input", filepath.Join(leftoversFolder, "input.npy"), "--output", y).must(t)
	got, err := npy.ReadFile(y)
	if err != nil {
		t.Fatal(err)
	}
	want, err := npy.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want.Float32s() {
		if off := math.Abs(float64(got.Float32s()[i] - w)); !(off <= sumsBound*(1+math.Abs(float64(w)))) {
			t.Errorf("%s: logit %d is %v, PyTorch's %v", file, i, got.Float32s()[i], w)
		}
	}
}

// TestLeftoversOpen: whatever lies beside the weights, and whatever they are packed
// in, the file opens without a flag.
func TestLeftoversOpen(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(leftoversFolder, "*", "checkpoint.*"))
	if len(files) < 8 {
		t.Fatalf("%d checkpoints, expected 8", len(files))
	}
	for _, file := range files {
		sameLogits(t, file, filepath.Join(filepath.Dir(file), "logits.npy"))
		octetCommand(t, "inspect", file).must(t)
	}
}

// TestNamesOfCheckpoints: a file and the archive folder in it may have any name.
func TestNamesOfCheckpoints(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("these are no file names there")
	}
	folder := t.TempDir()
	b, err := os.ReadFile(filepath.Join(leftoversFolder, "omegaconf_config", "checkpoint.pth"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"2024-01-01T12:30:00.pth", "run:3.ckpt", "C:.pth", "zoo.pth", "100% done?.pth", "a 'b' \"c\".pth", "epoch=3-val=0.1.pth.tar", "*.pt", ".hidden", "no extension"} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		sameLogits(t, path, filepath.Join(leftoversFolder, "omegaconf_config", "logits.npy"))
	}
}

// TestRefusedCheckpoints: the error is short, and its last line a command for the file.
func TestRefusedCheckpoints(t *testing.T) {
	files, _ := filepath.Glob("../../torch/testdata/checkpoints/refused/*.pth")
	if len(files) < 15 {
		t.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		for _, args := range [][]string{{"inspect", file}, {"run", file, "--input", filepath.Join(leftoversFolder, "input.npy")}} {
			r := octetCommand(t, args...)
			r.fails(t, exit.Model, file)
			lines := strings.Split(strings.TrimSpace(r.errOut), "\n")
			last := strings.TrimSpace(lines[len(lines)-1])
			if len(lines) > 25 || !strings.HasPrefix(last, "python -c 'import sys, torch; ") || !strings.HasSuffix(last, file) {
				t.Errorf("%d lines, the last: %s", len(lines), last)
			}
			if whole := strings.HasPrefix(filepath.Base(file), "model"); whole != strings.Contains(r.errOut, "whole pickled model") {
				t.Errorf("%s:\n%s", file, r.errOut)
			}
		}
	}
}
