package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/octet-ml/octet"
)

// Every command that writes files names in its document those that were there before,
// and none where there were none.
func TestDocumentsNameWhatWasReplaced(t *testing.T) {
	folder, model, calibration, test := demoFolder(t)
	data := firstImages(t, demoCalibration, 64)
	int8 := filepath.Join(folder, "image.pth")
	octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "4", "--qconfig", "torchvision", "-o", int8).must(t)
	onnx := filepath.Join(folder, "model.onnx")
	octetCommand(t, "export", model, "-o", onnx).must(t)
	prepared := filepath.Join(folder, "prepared.pth")
	training := []string{"--data", data, "--limit", "32", "--batch-size", "16", "--epochs", "1"}
	octetCommand(t, append([]string{"qat", model, "-o", filepath.Join(folder, "trained.pth"), "--prepared", prepared}, training...)...).must(t)
	input := "--input=" + inputNameOf(t, onnx) + "=" + grey(t, 1)
	picture1, picture2 := filepath.Join(folder, "1.png"), filepath.Join(folder, "2.png")
	picture(t, picture1, 10)
	picture(t, picture2, 200)

	quantize := []string{"quantize", model, "--calibration", calibration, "--limit", "4", "--qconfig", "torchvision"}
	for _, c := range []struct {
		name    string
		args    []string
		flags   []string // a flag and the name of its file, in turns
		instead []string // the files that are written, where the flags do not name them
		slow    bool
	}{
		{name: "quantize", args: quantize, flags: []string{"--output", "o.pth", "--report", "r.json"}},
		{name: "quantize a prepared model", args: []string{"quantize", prepared}, flags: []string{"--output", "o.pth"}},
		{name: "export", args: []string{"export", model}, flags: []string{"--output", "o.onnx"}},
		{name: "run", args: []string{"run", int8, "--input", grey(t, 2)}, flags: []string{"--output", "y.npy"}},
		{name: "run, drawn", args: []string{"run", int8, picture1}, flags: []string{"--draw", "d.png"}},
		{name: "run, several drawn", args: []string{"run", int8, picture1, picture2}, flags: []string{"--draw", "d.png"}, instead: []string{"d-1.png", "d-2.png"}},
		{name: "run, named", args: []string{"run", onnx, input}, flags: []string{"--output", "y.npz"}},
		{name: "compare", args: []string{"compare", model, int8, "--inputs", grey(t, 2), "--duration", "0s"}, flags: []string{"--markdown", "c.md", "--html", "c.html"}},
		{name: "compare, variants kept", args: []string{"compare", model, "--calibration", calibration, "--calibration-limit", "4", "--qconfig", "torchvision", "--backend", "qnnpack", "--inputs", grey(t, 2), "--duration", "0s"},
			flags: []string{"--keep", "."}, instead: []string{"qnnpack-per-channel-torchvision-fc-in-float.pth", "qnnpack-per-channel-torchvision.pth", "qnnpack-per-tensor-torchvision.pth"}},
		{name: "train", args: append([]string{"train", model}, training...), flags: []string{"--output", "o.pth", "--html", "t.html", "--metrics", "m.jsonl"}},
		{name: "qat", args: append([]string{"qat", model}, training...), flags: []string{"--output", "o.pth", "--prepared", "p.pth", "--html", "t.html", "--metrics", "m.jsonl"}},
		{name: "advise", args: []string{"advise", model, "--calibration", data, "--eval", test, "--limit", "16", "--max-drop", "100"}, flags: []string{"--output", "o.pth"}, slow: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.slow {
				slow(t, "measures every recipe")
			}
			to := t.TempDir()
			args, want := append(slices.Clone(c.args), "--json"), []string(nil)
			for i := 0; i < len(c.flags); i += 2 {
				args = append(args, c.flags[i], filepath.Join(to, c.flags[i+1]))
				if c.instead == nil {
					want = append(want, filepath.Join(to, c.flags[i+1]))
				}
			}
			for _, name := range c.instead {
				want = append(want, filepath.Join(to, name))
			}
			var doc map[string]any
			octetCommand(t, args...).must(t).decode(t, &doc)
			if there, ok := doc["replaced"]; ok {
				t.Errorf("nothing was there, and the document says that %v were replaced", there)
			}
			for _, file := range want {
				if err := os.WriteFile(file, []byte("old"), 0o644); err != nil || !exists(file) {
					t.Fatal(err)
				}
			}
			var second struct{ Replaced []string }
			octetCommand(t, args...).must(t).decode(t, &second)
			slices.Sort(want)
			if slices.Sort(second.Replaced); !slices.Equal(second.Replaced, want) {
				t.Errorf("replaced are %v, want %v", second.Replaced, want)
			}
			for _, file := range want {
				if b, err := os.ReadFile(file); err != nil || string(b) == "old" {
					t.Errorf("%s was not written again: %v", file, err)
				}
			}
		})
	}
}

// inputNameOf is the name of a model's only input.
func inputNameOf(t *testing.T, file string) string {
	t.Helper()
	m, err := octet.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return s.Inputs()[0].Name
}
