package octet_test

import (
	"math"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// TestOperatorsOfONNXRuntimesOptimizer: they give ONNX Runtime's numbers.
func TestOperatorsOfONNXRuntimesOptimizer(t *testing.T) {
	golden, err := npy.ReadNPZ("testdata/optimized/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	m, err := octet.Open("testdata/optimized/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.RunNamed(t.Context(), map[string]*tensor.Tensor{"x": golden.Arrays["x"]})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 5 {
		t.Errorf("%d outputs; want 5", len(got))
	}
	const bound = 2e-6 // sums of eight numbers of size 1, and tanh and erf, in float32
	for name, y := range got {
		for i, want := range golden.Arrays[name].Float32s() {
			if math.Abs(float64(y.Float32s()[i]-want)) > bound {
				t.Errorf("%s %d: %v; ONNX Runtime has %v", name, i, y.Float32s()[i], want)
			}
		}
	}
}
