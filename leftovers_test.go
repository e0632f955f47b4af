package octet_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
)

// smallBound is how far logits of small networks may lie from PyTorch's, as a share of 1
// and of the logit: float32 sums in another order.
const smallBound = 1e-5

// Checkpoints with leftovers and packings of every kind, made by
// tools/checkpoints/make.py, open without an option and compute what PyTorch computes.
func TestLeftovers(t *testing.T) {
	folders, _ := filepath.Glob("testdata/leftovers/*/logits.npy")
	if len(folders) < 8 {
		t.Fatalf("%d checkpoints, expected 8", len(folders))
	}
	x, err := npy.ReadFile("testdata/leftovers/input.npy")
	if err != nil {
		t.Fatal(err)
	}
	for _, golden := range folders {
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(golden), "checkpoint.*"))
		if len(files) != 1 {
			t.Fatalf("%s: files %v", golden, files)
		}
		t.Run(filepath.Base(filepath.Dir(golden)), func(t *testing.T) {
			want, err := npy.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			m, err := octet.Open(files[0])
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range run(t, m, x) {
				w := float64(want.Float32s()[i])
				if off := math.Abs(float64(got) - w); !(off <= smallBound*(1+math.Abs(w))) {
					t.Errorf("logit %d is %v, PyTorch's %v", i, got, w)
				}
			}
		})
	}
}
