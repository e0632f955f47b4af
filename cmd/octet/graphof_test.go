package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/torch"
)

// TestGraphOf: commands take a state dict over the graph of a program.
func TestGraphOf(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	program, x := filepath.Join("..", "..", "pt2", "testdata", "example.pt2"), filepath.Join("..", "..", "pt2", "testdata", "example_x.npy")
	f, err := pt2.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sd := &torch.StateDict{}
	for _, key := range f.Names() {
		w, err := f.Tensor(key)
		if err != nil {
			t.Fatal(err)
		}
		sd.SetTensor(key, w)
	}
	if err := torch.Save(at("epoch.pth"), sd); err != nil {
		t.Fatal(err)
	}
	over := []string{at("epoch.pth"), "--graph-of", program}
	with := func(command string, more ...string) []string {
		return append(append([]string{command}, over...), more...)
	}

	octetCommand(t, "run", program, "--input", x, "--output", at("want.npy")).must(t)
	octetCommand(t, with("run", "--input", x, "--output", at("got.npy"))...).must(t)
	want, err := os.ReadFile(at("want.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(at("got.npy")); err != nil || string(got) != string(want) {
		t.Errorf("the state dict of the program gives something else over its graph: %v", err)
	}
	octetCommand(t, with("quantize", "--calibration", x, "--output", at("int8.onnx"))...).must(t)
	octetCommand(t, "compare", at("epoch.pth"), "--graph", program, "--calibration", x).must(t)
	octetCommand(t, with("bench", "--shape", "s77=2", "--runs", "1")...).must(t)
	says(t, octetCommand(t, with("inspect", "--graph")...).must(t).out, "c1 = conv2d(x, c1.weight, c1.bias)")
	var doc struct{ Arch, Problem string }
	octetCommand(t, with("inspect", "--json")...).must(t).decode(t, &doc)
	if doc.Arch != "" || doc.Problem != "" {
		t.Errorf("inspect found %+v", doc)
	}

	octetCommand(t, with("quantize", "--calibration", x, "--output", at("int8.pth"))...).fails(t, exit.Usage, "FILE.onnx")
	octetCommand(t, with("run", "--arch", "resnet18", "--input", x)...).fails(t, exit.Usage, "leave out the architecture")
	octetCommand(t, "run", program, "--graph-of", program, "--input", x).fails(t, exit.Usage, "state dict")
	octetCommand(t, "run", at("epoch.pth"), "--graph-of", at("none.pt2"), "--input", x).fails(t, exit.Model, "none.pt2")
	sd.Delete("fc.bias")
	if err := torch.Save(at("other.pth"), sd); err != nil {
		t.Fatal(err)
	}
	octetCommand(t, "run", at("other.pth"), "--graph-of", program, "--input", x).fails(t, exit.Model, "fc.bias", "torch.export.save")
}
