package statedict

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Every QConfig of tools/golden/convert.py is converted to PyTorch's integers.
func TestBindPreparedForEveryQConfig(t *testing.T) {
	c, err := torch.Open(filepath.Join("testdata", "golden", "qconfigs.pth"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n := 0
	for _, path := range c.Candidates() {
		name, ok := strings.CutSuffix(path, ".prepared")
		if !ok {
			continue
		}
		n++
		t.Run(name, func(t *testing.T) {
			sd, err := c.StateDict(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := c.StateDict(name + ".converted")
			if err != nil {
				t.Fatal(err)
			}
			g, found, err := BindPrepared(trainedNet(), sd, QuantizedOptions{Numerics: quant.FBGEMM})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(found.Notes, found.Codes)
			if strings.Contains(name, "symmetric_qnnpack") {
				shiftCodes(t, want)
			}
			if name == "fixed" { // octet gives what nothing uses no parameters of its own
				want.SetTensor("idle.scale", tensor.Of([]float32{1}))
				want.SetTensor("idle.zero_point", tensor.Of([]int64{0}))
			}
			sameAsPyTorchs(t, g, want)
		})
	}
	if n < 35 {
		t.Errorf("%d QConfigs", n)
	}
}

// shiftCodes writes the zero points of signed activations as those of the same
// values in unsigned codes.
func shiftCodes(t *testing.T, sd *torch.StateDict) {
	t.Helper()
	for _, k := range sd.Keys() {
		if v, ok := sd.Tensor(k); ok && strings.HasSuffix(k, "zero_point") {
			z := v.Int64s()[0]
			if z == 0 && strings.HasPrefix(k, "idle.") {
				continue // never used
			}
			sd.SetTensor(k, tensor.Of([]int64{z + 128}, v.Shape()...))
		}
	}
}
