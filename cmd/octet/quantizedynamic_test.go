package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// --dynamic takes no calibration data, says what it did, and refuses what is about ranges.
func TestQuantizeDynamic(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	float := "../../testdata/onnx/float.onnx"
	made := octetCommand(t, "quantize", float, "--dynamic", "-o", at("int8.onnx"), "--report", at("report.json"))
	made.must(t)
	for _, text := range []string{"backend onnx", "qconfig per_channel_dynamic_qconfig", "nothing was calibrated"} {
		if !strings.Contains(made.out, text) {
			t.Errorf("%q is not said:\n%s", text, made.out)
		}
	}
	if !exists(at("report.json")) {
		t.Error("there is no report")
	}
	octetCommand(t, "inspect", at("int8.onnx"), "--json").must(t)
	octetCommand(t, "quantize", float, "--dynamic", "--backend", "qnnpack", "-o", at("q.onnx")).must(t)
	octetCommand(t, "quantize", float, "--dynamic", "--strict-int8", "-o", at("strict.onnx")).must(t)
	octetCommand(t, "quantize", float, "--dynamic", "--ranges", "mse", "-o", at("no.onnx")).fails(t, exit.Usage, "leave out --ranges")
	octetCommand(t, "quantize", float, "--dynamic", "--calibration", "x.npy", "-o", at("no.onnx")).fails(t, exit.Usage, "leave out --calibration")
	octetCommand(t, "quantize", float, "--dynamic", "--backend", "gpu", "-o", at("no.onnx")).fails(t, exit.Usage, "gpu")
	octetCommand(t, "quantize", at("int8.onnx"), "--dynamic", "-o", at("no.onnx")).fails(t, exit.Model, "int8 model already")
	octetCommand(t, "quantize", "demodata/fashion_resnet8.pth", "--dynamic", "-o", at("no.pth")).fails(t, exit.Usage, "name FILE.onnx")
	octetCommand(t, "quantize", "demodata/fashion_resnet8.pth", "--dynamic", "-o", at("resnet.onnx")).must(t)
	if exists(at("no.onnx")) || exists(at("no.pth")) {
		t.Error("a file was written")
	}
}
