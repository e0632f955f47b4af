package octet

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// Networks that FX graph mode converted, plain and quantizable, calibrated and trained,
// give PyTorch's logits to the bit (tools/golden/fx.py).
func TestConvertedInGraphMode(t *testing.T) {
	if testing.Short() {
		t.Skip("slow: opens networks of full size")
	}
	files, _ := filepath.Glob("testdata/fx/*.pth")
	if len(files) < 5 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".pth")
		t.Run(name, func(t *testing.T) {
			arch, _, _ := strings.Cut(name, ".")
			m, err := Open(file, WithArch(arch))
			if err != nil {
				t.Fatal(err)
			}
			got := logitsOf(t, m)
			f, err := os.Open(strings.TrimSuffix(file, ".pth") + ".npy")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			want, err := npy.Read(f)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range want.Float32s() {
				if math.Float32bits(got.Float32s()[i]) != math.Float32bits(v) {
					t.Fatalf("logit %d is %v, PyTorch's %v", i, got.Float32s()[i], v)
				}
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

func logitsOf(t *testing.T, m *Model) *tensor.Tensor {
	t.Helper()
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Run(context.Background(), hashweights.Images(2, 3, 64, 2))
	if err != nil {
		t.Fatal(err)
	}
	return got
}
