package octet

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/npy"
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
		})
	}
}
