package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files beside class folders, hidden folders and pictures of other formats leave
// every command that reads a labelled folder its labels.
func TestCommandsIgnoreWhatIsNoSample(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	data := filepath.Join(folder, "data")
	for i, name := range []string{"Bag", "Coat"} {
		for j := range 3 {
			picture(t, filepath.Join(data, name, string(rune('a'+j))+".png"), uint8(40*i+j))
		}
	}
	for _, extra := range []string{"x.png", "._x.png", "Thumbs.db", ".DS_Store", "README", ".ipynb_checkpoints/a.png", "Bag/b.gif", "Bag/._a.png"} {
		path := filepath.Join(data, filepath.FromSlash(extra))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("not an image"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	noted := func(r result) result {
		t.Helper()
		for _, want := range []string{"5 files beside the class folders are ignored, as ImageFolder does: ", "hidden folders are ignored: .ipynb_checkpoints", "1 picture of other formats (1 .gif)"} {
			if !strings.Contains(r.must(t).errOut, want) {
				t.Errorf("%q is not noted:\n%s", want, r.errOut)
			}
		}
		return r
	}
	var doc evalOutput
	noted(octetCommand(t, "eval", model, data, "--strict", "--json")).decode(t, &doc)
	if doc.Images != 6 || len(doc.Skipped) != 0 || len(doc.LeftOut) != 4 {
		t.Errorf("score: %+v", doc.score)
	}
	if text := octetCommand(t, "eval", model, data).must(t).out; !strings.Contains(text, "of 6 images)") || !strings.Contains(text, "1 .gif") {
		t.Errorf("summary:\n%s", text)
	}
	out := func() string { return filepath.Join(t.TempDir(), "o.pth") }
	noted(octetCommand(t, "quantize", model, "--calibration", data, "--output", out(), "--strict"))
	noted(octetCommand(t, "qat", model, "--data", data, "--calibrate", "4", "--batch-size", "4", "--epochs", "1", "--output", out()))
	noted(octetCommand(t, "train", model, "--data", data, "--batch-size", "4", "--epochs", "1", "--output", out()))
	noted(octetCommand(t, "compare", model, "--calibration", data, "--eval", data, "--backend", "fbgemm"))
}
