package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// --weight-only takes no calibration data, says what it did, and refuses what is about activations.
func TestQuantizeWeightOnly(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	float := "../../testdata/onnx/float.onnx"
	made := octetCommand(t, "quantize", float, "--weight-only", "--group-size", "2", "-o", at("int8.onnx"), "--report", at("report.json"))
	made.must(t)
	for _, text := range []string{"weights int8, activations float32", "each 2 numbers of an output channel", "SQNR"} {
		if !strings.Contains(made.out, text) {
			t.Errorf("%q is not said:\n%s", text, made.out)
		}
	}
	if !exists(at("report.json")) {
		t.Error("there is no report")
	}
	shown := octetCommand(t, "inspect", at("int8.onnx"))
	shown.must(t)
	if !strings.Contains(shown.out, "weight_only_linear") {
		t.Errorf("inspect says\n%s", shown.out)
	}
	again := octetCommand(t, "quantize", float, "--weight-only", "-o", at("channels.onnx"), "--json")
	again.must(t)
	if !strings.Contains(again.out, `"weight_sqnr_db"`) || !strings.Contains(again.out, `"group_size": 0`) {
		t.Errorf("--json writes\n%s", again.out)
	}
	for _, c := range []struct{ flags, want string }{
		{"--dynamic", "leave out --dynamic"},
		{"--calibration x.npy", "leave out --calibration"},
		{"--ranges mse --equalize", "leave out --equalize and --ranges"},
		{"--backend fbgemm", "leave out --backend"},
		{"--group-size 0", "groups of 0 numbers"},
	} {
		octetCommand(t, append([]string{"quantize", float, "--weight-only", "-o", at("no.onnx")}, strings.Fields(c.flags)...)...).fails(t, exit.Usage, c.want)
	}
	octetCommand(t, "quantize", float, "--group-size", "64", "--dynamic", "-o", at("no.onnx")).fails(t, exit.Usage, "add --weight-only")
	octetCommand(t, "quantize", float, "--weight-only", "-o", at("no.pth")).fails(t, exit.Usage, "name FILE.onnx")
	octetCommand(t, "quantize", at("int8.onnx"), "--weight-only", "-o", at("no.onnx")).fails(t, exit.Model, "int8 model already")
	if exists(at("no.onnx")) || exists(at("no.pth")) {
		t.Error("a file was written")
	}
}
