package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/onnx"
)

func TestOutputsAreWhatTheirNamesSay(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	at := func(name string) string { return filepath.Join(folder, name) }
	x := grey(t, 2)
	for _, name := range []string{"x.onnx", "x.safetensors", "X.ONNX", "x.npz", "x.h5", "x.tflite", "x.pt2", "x.json", "x.pth.zip"} {
		octetCommand(t, "qat", model, "--data", calibration, "-o", at("int8.pth"), "--prepared", at(name)).fails(t, exit.Usage, name, "PyTorch state dict", ".pth")
		octetCommand(t, "advise", model, "--calibration", calibration, "-o", at(name)).fails(t, exit.Usage, name, "PyTorch state dict", ".pth")
		for _, args := range [][]string{
			{"quantize", model, "--calibration", calibration, "-o", at(name)},
			{"train", model, "--data", calibration, "--epochs", "1", "-o", at(name)},
			{"qat", model, "--data", calibration, "--epochs", "1", "-o", at(name)},
		} {
			c := octetCommand(t, args...)
			if !strings.EqualFold(filepath.Ext(name), ".onnx") {
				c.fails(t, exit.Usage, name, "PyTorch state dict", ".pth")
				continue
			}
			c.must(t)
			if _, err := onnx.Open(at(name)); err != nil {
				t.Errorf("%s wrote a %s that is not what its name says: %v", args[0], name, err)
			}
			if err := os.Remove(at(name)); err != nil {
				t.Error(err)
			}
		}
		if exists(at(name)) {
			t.Errorf("%s was written", name)
		}
	}
	for _, name := range []string{"y.npz", "y.csv", "y.json", "y.pth", "y.txt"} {
		octetCommand(t, "run", model, x, "-o", at(name)).fails(t, exit.Usage, name, "NumPy array")
	}
	octetCommand(t, "quantize", model, "--calibration", calibration, "-o", at("o.pth"), "--report", at("r.html")).fails(t, exit.Usage, "r.html", "JSON")
	octetCommand(t, "quantize", model, "--calibration", calibration, "-o", at("o.pth"), "--stats", at("s.npz")).fails(t, exit.Usage, "s.npz", "JSON")
	octetCommand(t, "compare", model, "--calibration", calibration, "--html", at("r.pdf")).fails(t, exit.Usage, "r.pdf", "HTML")
	octetCommand(t, "compare", model, "--calibration", calibration, "--markdown", at("r.docx")).fails(t, exit.Usage, "r.docx", "Markdown")
	octetCommand(t, "train", model, "--data", calibration, "-o", at("o.pth"), "--metrics", at("m.csv")).fails(t, exit.Usage, "m.csv", "JSON")
	for _, name := range []string{"a.pth", "a.pt", "A.PTH", "a", "resnet18_v1.2", "a.pth.tar"} {
		octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "2", "--qconfig", "minmax", "-o", at(name)).must(t)
		octetCommand(t, "run", at(name), x).must(t)
	}
}
