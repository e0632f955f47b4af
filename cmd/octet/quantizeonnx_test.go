package main

import (
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// An ONNX model of no architecture becomes an int8 one, which runs by the names of its
// inputs and outputs.
func TestQuantizeONNX(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	golden, err := npy.ReadNPZ("../../testdata/onnx/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	if err := npy.WriteFile(at("x.npy"), golden.Arrays["x"]); err != nil {
		t.Fatal(err)
	}
	float := "../../testdata/onnx/float.onnx"
	octetCommand(t, "quantize", float, "--calibration", at("x.npy"), "-o", at("int8.onnx")).must(t)
	octetCommand(t, "run", at("int8.onnx"), "--input", "x="+at("x.npy"), "-o", at("y.npz")).must(t)
	octetCommand(t, "run", float, "--input", at("x.npy"), "-o", at("y.npy")).must(t)
	named, err := npy.ReadNPZ(at("y.npz"))
	if err != nil {
		t.Fatal(err)
	}
	y, err := npy.ReadFile(at("y.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if got := named.Arrays["y"]; got == nil || !got.Shape().Equal(y.Shape()) || got.DType() != tensor.Float32 {
		t.Errorf("the output is %v, that of the float model %v", got, y)
	}
	octetCommand(t, "quantize", float, "--calibration", at("x.npy"), "-o", at("int8.pth")).fails(t, exit.Usage, "FILE.onnx")
	octetCommand(t, "run", float, "--input", "z="+at("x.npy")).fails(t, exit.Usage, "no such input", "float32[batch, 3, 19, 23] x")
	octetCommand(t, "run", float, "--input", "x="+at("x.npy"), "--input", "x="+at("x.npy")).fails(t, exit.Usage, "twice")
	octetCommand(t, "inspect", at("int8.onnx"), "--json").must(t)
	if exists(at("int8.pth")) {
		t.Error("int8.pth was written")
	}
}
