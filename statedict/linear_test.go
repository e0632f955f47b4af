package statedict

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// TestLinear reads the same layer from all four layouts of history.
func TestLinear(t *testing.T) {
	var first *tensor.Tensor
	for _, file := range []string{"quant_old_linear_v1", "quant_old_linear_v1packed", "quant_old_linear_v2", "quant_fbgemm"} {
		sd, err := torch.Load("../torch/testdata/samples/"+file+".pth", "")
		if err != nil {
			t.Fatal(err)
		}
		w, b, err := Linear(sd, "fc")
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = w
		}
		if !slices.Equal(first.Int8s(), w.Int8s()) || !first.QParams().Equal(w.QParams()) || b.Numel() != 10 {
			t.Errorf("%s: weight %v, bias %v", file, w, b)
		}
	}
	sd, err := torch.Load("../torch/testdata/samples/dynamic_linear.pth", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Linear(sd, "missing"); err == nil || !strings.Contains(err.Error(), "missing.weight") {
		t.Errorf("error %v", err)
	}
	sd.SetTensor("a.weight", first)
	if _, _, err := Linear(sd, "a"); err == nil || !strings.Contains(err.Error(), "second time") {
		t.Errorf("error %v", err)
	}
}

// FuzzLinear asks for the layers of whatever a file holds.
func FuzzLinear(f *testing.F) {
	for _, file := range []string{"quant_old_linear_v1", "quant_old_linear_v2", "quant_fbgemm", "dynamic_linear"} {
		b, err := os.ReadFile("../torch/testdata/samples/" + file + ".pth")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := torch.Read(bytes.NewReader(b), int64(len(b)), "fuzz")
		if err != nil {
			return
		}
		sd, err := c.StateDict("")
		if err != nil {
			return
		}
		for _, k := range sd.Keys() {
			module, _ := splitKey(k)
			for _, prefix := range []string{k, module} {
				if w, _, err := Linear(sd, prefix); err == nil && len(w.Shape()) != 2 {
					t.Errorf("%s: a weight of shape %v", prefix, w.Shape())
				}
				ShapesOf(sd)(prefix + ".weight")
			}
		}
	})
}
