package octet

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// Networks that FX graph mode prepared and did not convert, plain and quantizable,
// calibrated and in training, give the logits of PyTorch's convert_fx to the bit
// (tools/golden/fxprepared.py).
func TestPreparedInGraphMode(t *testing.T) {
	files, _ := filepath.Glob("testdata/fxprepared/*.pth")
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".pth")
		t.Run(name, func(t *testing.T) {
			parts := strings.Split(name, ".")
			m, err := Open(file, WithArch(parts[0]), WithBackend(Backend(parts[3])))
			if err != nil {
				t.Fatal(err)
			}
			want, err := npy.ReadFile(strings.TrimSuffix(file, ".pth") + ".npy")
			if err != nil {
				t.Fatal(err)
			}
			got := logitsOf(t, m)
			if !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Fatalf("logits %v, PyTorch's are %v", got.Float32s()[:5], want.Float32s()[:5])
			}
			saved := filepath.Join(t.TempDir(), "saved.pth")
			if err := m.Save(t.Context(), saved); err != nil {
				t.Fatal(err)
			}
			again, err := Open(saved)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(logitsOf(t, again).Bytes(), got.Bytes()) {
				t.Error("the logits are others once the model is saved and opened again")
			}
			if parts[0] == "shufflenet_v2_x0_5" || parts[0] == "mobilenet_v2" && parts[1] == "plain" {
				// parts of chunks are quantized anew, and ReLU6 is a step of its own
				if _, err := m.Converted(); err == nil || !strings.Contains(err.Error(), "convert_fx(model)") {
					t.Errorf("error %v", err)
				}
				return
			}
			sameOnceConverted(t, m, got)
		})
	}
}

// sameOnceConverted writes what a prepared model converts to: an int8 file without
// observers, that names all it needs and gives the same logits.
func sameOnceConverted(t *testing.T, m *Model, logits *tensor.Tensor) {
	t.Helper()
	if !m.Prepared() {
		t.Fatal("the model is not known as a prepared one")
	}
	int8, err := m.Converted()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "int8.pth")
	if err := int8.Save(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	again, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if again.Prepared() || !again.Quantized() || again.Backend() != m.Backend() {
		t.Errorf("prepared %v, int8 %v, backend %v; converted for %v", again.Prepared(), again.Quantized(), again.Backend(), m.Backend())
	}
	if !bytes.Equal(logitsOf(t, again).Bytes(), logits.Bytes()) {
		t.Error("the converted file has other logits")
	}
	if _, err := again.Converted(); err == nil {
		t.Error("a converted model was converted again")
	}
}
