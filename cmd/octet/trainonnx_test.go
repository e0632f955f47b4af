package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// TestTrainONNX: a network of no architecture is trained, in float and for int8, and stays an
// ONNX model.
func TestTrainONNX(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	r := testseed.Rand(t)
	random := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64()) / 2
		}
		return v
	}
	model := onnxtest.Model(
		onnxtest.Input("x", onnxtest.Float32, "n", 3, 8, 8), onnxtest.Output("y", onnxtest.Float32, "n", 3),
		onnxtest.Floats("w", []int64{4, 3, 3, 3}, random(108)...), onnxtest.Floats("b", []int64{4}, random(4)...), onnxtest.Floats("f", []int64{3, 4}, random(12)...),
		onnxtest.Node("Conv", []string{"x", "w", "b"}, []string{"c"}), onnxtest.Node("Relu", []string{"c"}, []string{"d"}),
		onnxtest.Node("GlobalAveragePool", []string{"d"}, []string{"p"}), onnxtest.Node("Flatten", []string{"p"}, []string{"q"}),
		onnxtest.Node("Gemm", []string{"q", "f"}, []string{"y"}, onnxtest.AttrInt("transB", 1)))
	if err := os.WriteFile(at("float.onnx"), model, 0o600); err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	arrays := map[string]*tensor.Tensor{"x": tensor.Of(random(6*3*64), 6, 3, 8, 8), "y": tensor.Of([]int64{0, 1, 2, 0, 1, 2}, 6)}
	if err := npy.WriteNPZ(&data, arrays); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("data.npz"), data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"train", "qat"} {
		octetCommand(t, command, at("float.onnx"), "--data", at("data.npz"), "--epochs", "1", "-o", at(command+".onnx")).must(t)
		octetCommand(t, "eval", at(command+".onnx"), at("data.npz")).must(t)
		octetCommand(t, command, at("float.onnx"), "--data", at("data.npz"), "-o", at("x.pth")).fails(t, exit.Usage, "FILE.onnx")
	}
}
