package octet_test

import (
	"math"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
)

// TestChannelsLastModel: a network whose file has channels last gives ONNX Runtime's numbers,
// and stays near them in int8.
func TestChannelsLastModel(t *testing.T) {
	golden, err := npy.ReadNPZ("testdata/nhwc/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	x, want := golden.Arrays["x"], golden.Arrays["y"].Float32s()
	m, err := octet.Open("testdata/nhwc/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	int8, _, err := octet.Quantize(t.Context(), m, octet.FromTensor(x))
	if err != nil {
		t.Fatal(err)
	}
	const (
		rounding = 1e-6 // float sums in another order, of the largest output
		codes    = 0.05 // four layers on codes, of the largest output
	)
	for what, c := range map[string]struct {
		model *octet.Model
		bound float64
	}{"float": {m, rounding}, "int8": {int8, codes}} {
		s, err := c.model.Compile()
		if err != nil {
			t.Fatal(err)
		}
		y, err := s.Run(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		worst, largest := 0.0, 0.0
		for i, v := range want {
			worst = max(worst, math.Abs(float64(y.Float32s()[i]-v)))
			largest = max(largest, math.Abs(float64(v)))
		}
		if worst > c.bound*largest {
			t.Errorf("%s: %v from ONNX Runtime's output, of %v", what, worst, largest)
		}
		t.Logf("%s: %.2g of the largest", what, worst/largest)
	}
}
