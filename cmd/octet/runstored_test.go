package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// nodeTest writes a model of ONNX's node tests into a folder.
func nodeTest(t *testing.T, name, to string) {
	t.Helper()
	archive, err := zip.OpenReader("../../tools/onnxnode/testdata/small.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	f, err := archive.Open(name + ".onnx")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Element types that arrays do not have are wider ones in them, and a model may have no inputs.
func TestRunOnTypesThatArraysDoNotHave(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	nodeTest(t, "test_cast_INT2_to_FLOAT", at("narrow.onnx"))
	x := tensor.Of([]int8{0, 1, -1, -2, 1, 1, 0}, 7, 1)
	if err := npy.WriteFile(at("x.npy"), x); err != nil {
		t.Fatal(err)
	}
	octetCommand(t, "run", at("narrow.onnx"), "--input", at("x.npy"), "-o", at("y.npy")).must(t)
	y, err := npy.ReadFile(at("y.npy"))
	if err != nil || y.DType() != tensor.Float32 || y.Float32s()[3] != -2 {
		t.Errorf("%v, %v", y, err)
	}
	nodeTest(t, "test_cast_FLOAT_to_BFLOAT16", at("brain.onnx"))
	if err := npy.WriteFile(at("x.npy"), tensor.Of([]float32{1, 1.001, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 3, 4)); err != nil {
		t.Fatal(err)
	}
	octetCommand(t, "run", at("brain.onnx"), "--input", at("x.npy"), "-o", at("y.npy")).must(t)
	y, err = npy.ReadFile(at("y.npy"))
	if err != nil || y.DType() != tensor.Float32 || y.Float32s()[1] != 1 || y.Float32s()[11] != 11 {
		t.Errorf("%v, %v", y, err)
	}
	nodeTest(t, "test_constant", at("constant.onnx"))
	octetCommand(t, "run", at("constant.onnx"), "-o", at("y.npy")).must(t)
	if y, err = npy.ReadFile(at("y.npy")); err != nil || y.Numel() != 25 {
		t.Errorf("%v, %v", y, err)
	}
}
