package octet_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/op"
)

// TestCompareWhatONNXRuntimeQuantized: its quantizer names results anew; every layer of the float model
// is compared with the one that was made of it, in both formats.
func TestCompareWhatONNXRuntimeQuantized(t *testing.T) {
	golden, err := npy.ReadNPZ("testdata/onnx/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	float, err := octet.Open("testdata/onnx/float.onnx")
	if err != nil {
		t.Fatal(err)
	}
	fused, err := float.FusedGraph()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/onnx/q*.onnx")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		m, err := octet.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := octet.Compare(t.Context(), float, m, octet.FromTensor(golden.Arrays["x"]))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, n := range fused.Nodes {
			if op.WeightOf(n) == nil {
				continue
			}
			i := slices.IndexFunc(c.Layers, func(l octet.LayerComparison) bool { return l.Node == n.Name })
			if i < 0 || !c.Layers[i].Int8 || !(c.Layers[i].Accumulated > 10) || !(c.Layers[i].Introduced > 10) {
				t.Errorf("%s: layer %q of the float model is not compared with its own: %+v", file, n.Name, slices.Collect(func(yield func(string) bool) {
					for _, l := range c.Layers {
						if !yield(l.Node) {
							return
						}
					}
				}))
			}
		}
	}
}
