package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/onnxtest"
)

// TestInspectONNX: what is free, what is missing, and what can be done.
func TestInspectONNX(t *testing.T) {
	file := filepath.Join(t.TempDir(), "model.onnx")
	graph := []onnxtest.Part{
		onnxtest.Input("x", onnxtest.Float32, "batch", 3, "height"), onnxtest.Output("y", onnxtest.Float32, "batch", nil, "height"),
		onnxtest.Node("Relu", []string{"x"}, []string{"a"}),
	}
	write := func(node onnxtest.Part) {
		if err := os.WriteFile(file, onnxtest.Model(append(graph[:3:3], node)...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(onnxtest.Node("Neg", []string{"a"}, []string{"y"}))
	says(t, octetCommand(t, "inspect", file).must(t).out, "float32[batch, 3, height] x", "free sizes     batch, height", "--shape batch=N")
	says(t, octetCommand(t, "inspect", file, "--shape", "batch=4", "--shape", "height=9").must(t).out, "float32[4, 3, 9] x", "float32[4, ?, 9] y")
	octetCommand(t, "inspect", file, "--shape", "width=4").fails(t, exit.Model, `"width"`, "float32[batch, 3, height] x")
	octetCommand(t, "inspect", file, "--shape", "batch=x").fails(t, exit.Usage, "--shape", `"x"`)
	octetCommand(t, "inspect", file, "--backend", "qnnpack").fails(t, exit.Usage, "leave out the backend")
	octetCommand(t, "run", file, "--backend", "qnnpack", "--input", "x.npy").fails(t, exit.Usage, "leave out the backend")

	write(onnxtest.Node("Loop", []string{"", "", "a"}, []string{"y"}))
	says(t, octetCommand(t, "inspect", file).must(t).out, "unsupported    1 nodes", "y_node", "Loop", "loops of known length")
	var doc struct {
		Supported   bool
		Unsupported []struct{ Node, Op, Reason, Advice string }
	}
	if err := json.Unmarshal([]byte(octetCommand(t, "inspect", file, "--json").must(t).out), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Supported || len(doc.Unsupported) != 1 || doc.Unsupported[0].Op != "Loop" || doc.Unsupported[0].Advice == "" {
		t.Errorf("%+v", doc)
	}
}

// says fails the test unless every part is in text.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}
