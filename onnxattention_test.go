package octet_test

import (
	"math"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// TestAttentionOfONNXRuntime: what its optimizer of transformers makes of blocks gives its numbers,
// with the sizes of inputs free.
func TestAttentionOfONNXRuntime(t *testing.T) {
	likeONNXRuntime(t, "testdata/attention/", map[string]string{"encoder_joined": "encoder.", "encoder_apart": "encoder.", "nodes": "nodes."})
}

// TestListsOfTensors: what a chunk is in files of PyTorch's exporter, and other lists whose places are
// constants.
func TestListsOfTensors(t *testing.T) {
	likeONNXRuntime(t, "testdata/sequences/", map[string]string{"chunk": "chunk.", "nodes": "nodes."})
}

// likeONNXRuntime runs models of a folder, each with the inputs whose names have its prefix there.
func likeONNXRuntime(t *testing.T, folder string, models map[string]string) {
	t.Helper()
	golden, err := npy.ReadNPZ(folder + "golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	for file, of := range models {
		m, err := octet.Open(folder + file + ".onnx")
		if err != nil {
			t.Error(err)
			continue
		}
		s, err := m.Compile()
		if err != nil {
			t.Fatal(err)
		}
		inputs := map[string]*tensor.Tensor{}
		for _, in := range s.Inputs() {
			inputs[in.Name] = golden.Arrays[of+in.Name]
		}
		got, err := s.RunNamed(t.Context(), inputs)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for name, y := range got {
			want := golden.Arrays[name]
			if name == "y" {
				want = golden.Arrays[file+".y"]
			}
			near(t, file+" "+name, y, want)
		}
	}
}

// near fails where a tensor is not another one but for the roundings of short sums in float32.
func near(t *testing.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	const bound = 1e-5
	if want == nil || got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) {
		t.Errorf("%s is %v; ONNX Runtime has %v", what, got, want)
		return
	}
	for i := range got.Numel() {
		switch got.DType() {
		case tensor.Float32:
			if a, b := got.Float32s()[i], want.Float32s()[i]; math.Abs(float64(a-b)) > bound {
				t.Errorf("%s %d: %v; ONNX Runtime has %v", what, i, a, b)
				return
			}
		case tensor.Int32:
			if got.Int32s()[i] != want.Int32s()[i] {
				t.Errorf("%s %d: %v; ONNX Runtime has %v", what, i, got.Int32s()[i], want.Int32s()[i])
				return
			}
		default:
			t.Errorf("%s is %v", what, got)
			return
		}
	}
}
