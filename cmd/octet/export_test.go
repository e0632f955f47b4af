package main

import (
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

func TestExport(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	file, x := filepath.Join(folder, "model.onnx"), grey(t, 3)
	octetCommand(t, "export", model, "-o", file, "--opset", "13").must(t)
	octetCommand(t, "run", file, "--input", x, "-o", filepath.Join(folder, "y.npy")).must(t)
	octetCommand(t, "inspect", file).must(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"export", model}, "name the .onnx file to write"},
		{[]string{"export", model, "-o", filepath.Join(folder, "model.pth")}, "an ONNX model"},
		{[]string{"export", model, "-o", file, "--opset", "9"}, "from 10 to 21"},
		{[]string{"export", model, "-o", file, "--format", "tflite"}, "qdq"},
	} {
		octetCommand(t, c.args...).fails(t, exit.Usage, c.want)
	}
}
