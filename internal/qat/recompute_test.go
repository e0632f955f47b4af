package qat

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/quant"
)

// Results that are computed again are those that were dropped, before and behind the
// freezing of batch norms, and take less memory.
func TestRecomputeChangesNothing(t *testing.T) {
	for _, name := range []string{"default_qat", "octet_qat"} {
		config, err := quant.ParseQConfig(name, quant.FBGEMM)
		if err != nil {
			t.Fatal(err)
		}
		for _, arch := range []string{"fashion_resnet8", "mobilenet_v3_small"} {
			var models []*Model
			var bytes []int
			for _, again := range []bool{false, true} {
				g, x := float(t, arch, 3, 40)
				m, err := Prepare(g, Options{Numerics: quant.FBGEMM, QConfig: config, Compatible: name == "default_qat", Recompute: again})
				if err != nil {
					t.Fatal(err)
				}
				models = append(models, m)
				train(t, m, x, 2, 0.01)
				bytes = append(bytes, m.Bytes())
				if err := m.FreezeNorms(); err != nil {
					t.Fatal(err)
				}
				train(t, m, x, 2, 0.01)
			}
			if t.Logf("%s, %s: %d bytes, %d where everything is kept", name, arch, bytes[1], bytes[0]); bytes[1] >= bytes[0] {
				t.Error("nothing is saved")
			}
			for i, p := range models[0].Params() {
				if !slices.Equal(models[1].Params()[i].Data, p.Data) {
					t.Fatalf("%s, %s: other values of %s", name, arch, p.Name)
				}
			}
		}
	}
}
