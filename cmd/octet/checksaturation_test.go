package main

import (
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// TestCheckSaturation: layers are listed by their weights, and counted on data, of .pth and
// .onnx alike.
func TestCheckSaturation(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	x, int8 := grey(t, 3), filepath.Join(folder, "int8.pth")
	octetCommand(t, "check-saturation", model).fails(t, exit.Model, "quantize it first")
	octetCommand(t, "quantize", model, "--calibration", x, "--qconfig", "octet", "-o", int8).must(t)
	file := filepath.Join(folder, "int8.onnx")
	octetCommand(t, "export", int8, "-o", file).must(t)
	var found [2]saturationOutput
	for i, path := range []string{int8, file} {
		octetCommand(t, "check-saturation", path, "--data", x, "--json").must(t).decode(t, &found[i])
	}
	for _, out := range found {
		if out.MayWorst == 0 || out.Remedy == "" || out.Inputs != 3 || len(out.Layers) != len(found[0].Layers) || out.MayWorst != found[0].MayWorst {
			t.Errorf("%+v", out)
		}
		for _, l := range out.Layers {
			if (l.Observed != nil) != (l.Channels > 0) || l.Channels > 0 && (l.Observed.Results == 0 || l.Observed.Largest > l.Worst) {
				t.Errorf("%s: %+v", l.Node, l.Observed)
			}
		}
	}
}
