package octet_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// codesApart is how many codes of the last layer outputs may be apart, where the presets
// round otherwise than ONNX does.
const codesApart = 1.5

// TestExportsRunInONNXRuntime: octet's outputs are those that ONNX Runtime gives for the
// same bytes.
func TestExportsRunInONNXRuntime(t *testing.T) {
	text, err := os.ReadFile("testdata/onnxexport/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]struct {
		Model       string
		Size, Opset int
		Quantum     float64
		SHA256      string
	}
	if err := json.Unmarshal(text, &golden); err != nil || len(golden) != 3 {
		t.Fatalf("%d models: %v", len(golden), err)
	}
	arrays, err := npy.ReadNPZ("testdata/onnxexport/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	for name, g := range golden {
		t.Run(name, func(t *testing.T) {
			x, want := arrays.Arrays[name+".x"], arrays.Arrays[name+".y"]
			m, err := octet.Open(g.Model)
			if err != nil {
				t.Fatal(err)
			}
			m = sized(t, m, x.Dim(1), g.Size)
			path := filepath.Join(t.TempDir(), "model.onnx")
			if _, err := m.SaveONNX(t.Context(), path, octet.WithOpset(g.Opset)); err != nil {
				t.Fatal(err)
			}
			if fileSum(t, path) != g.SHA256 {
				t.Error("the file has other bytes than that of the golden outputs: look at the change, and run tools/onnxexport/golden.py")
			}
			back, err := octet.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			bound := max(floatTolerance, codesApart*g.Quantum)
			for _, m := range []*octet.Model{m, back} {
				same(t, tensor.Of(run(t, m, x), want.Shape()...), want, bound)
			}
		})
	}
}

// sized is m with a preset of square images of the given channels and size.
func sized(t *testing.T, m *octet.Model, channels, size int) *octet.Model {
	t.Helper()
	preset, _, err := m.Preset()
	if err != nil {
		t.Fatal(err)
	}
	m, err = m.WithMetadata(func(meta *octet.Metadata) {
		preset.Channels, preset.Input, preset.Resize, preset.Crop = channels, nil, []int{size}, []int{size, size}
		meta.Preset = &preset
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestExportOfONNX: models that ONNX Runtime quantized, in either format, are written in both
// as files that give the bits of ONNX Runtime's exact mode, there (tools/onnxexport/golden.py)
// and here.
func TestExportOfONNX(t *testing.T) {
	golden, err := npy.ReadNPZ("testdata/onnx/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/onnxexport/again.json")
	if err != nil {
		t.Fatal(err)
	}
	var sums map[string]string
	if err := json.Unmarshal(text, &sums); err != nil || len(sums) != 20 {
		t.Fatalf("%d files: %v", len(sums), err)
	}
	for what, sum := range sums {
		t.Run(what, func(t *testing.T) {
			name, into, _ := strings.Cut(what, " as ")
			format, err := onnx.ParseFormat(into)
			if err != nil {
				t.Fatal(err)
			}
			m, err := octet.Open("testdata/onnx/" + name + ".onnx")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "again.onnx")
			if told, err := m.SaveONNX(t.Context(), path, octet.WithFormat(format)); err != nil || told.Difference != 0 || told.Format != into {
				t.Fatalf("told %+v, %v", told, err)
			}
			if got := fileSum(t, path); got != sum {
				t.Error("the file has other bytes than the one that ONNX Runtime ran: look at the change, and run tools/onnxexport/golden.py")
			}
			again, err := octet.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(run(t, again, golden.Arrays["x"]), golden.Arrays[name].Float32s()) {
				t.Error("other outputs")
			}
		})
	}
}

// TestUnknownFormatIsRefused, and leaves no file.
func TestUnknownFormatIsRefused(t *testing.T) {
	files, err := filepath.Glob("testdata/onnx/*.onnx")
	if err != nil || len(files) == 0 {
		t.Fatal("no models: ", err)
	}
	m, err := octet.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if _, err := m.SaveONNX(t.Context(), path, octet.WithFormat(9)); err == nil || !strings.Contains(err.Error(), "Format(9)") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was left")
	}
}

// fileSum is the SHA-256 of a file.
func fileSum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TestKnowledgeTravelsWithONNX: labels, preprocessing and recipe are in the file, and what
// octet reads back.
func TestKnowledgeTravelsWithONNX(t *testing.T) {
	labels := strings.Split("abcdefghij", "")
	preset := vision.Preset{Channels: 1, Resize: []int{28, 28}, Mean: []float64{0.5}, Std: []float64{0.25}}
	m := open(t, octet.WithLabels(labels), octet.WithPreset(preset))
	int8, _, err := octet.Quantize(t.Context(), m, octet.FromTensor(noise(t, 4)), octet.WithSource("noise"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "int8.onnx")
	told, err := int8.SaveONNX(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if told.Difference.IsZero() || math.IsNaN(float64(told.Difference)) || len(told.Inputs) != 1 || told.Inputs[0].String() != "float32[batch, 1, 28, 28] x" {
		t.Errorf("told %+v", told)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{octet.ONNXArch, octet.ONNXNumerics, octet.ONNXRecipe, `"noise"`} {
		if !bytes.Contains(data, []byte(text)) {
			t.Errorf("the file does not contain %s", text)
		}
	}
	again, err := octet.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, assumed := again.Labels(); !slices.Equal(got, labels) || assumed {
		t.Errorf("labels %v, assumed %v", got, assumed)
	}
	if p, assumed, err := again.Preset(); err != nil || assumed || !slices.Equal(p.Resize, preset.Resize) || p.Std[0] != 0.25 {
		t.Errorf("preset %+v, assumed %v, %v", p, assumed, err)
	}
}

// TestExportIsWholeOrNot: what ends early or is refused leaves no file.
func TestExportIsWholeOrNot(t *testing.T) {
	m, folder := open(t), t.TempDir()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.SaveONNX(cancelled, filepath.Join(folder, "a.onnx")); err == nil {
		t.Error("cancelled: no error")
	}
	if _, err := m.SaveONNX(t.Context(), filepath.Join(folder, "b.onnx"), octet.WithOpset(9)); err == nil || !strings.Contains(err.Error(), "operator set 9: those from 10 to 21 are written") {
		t.Errorf("operator set 9: %v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
