package statedict_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

// Of every attribute that FX graph mode gives torchvision's networks
// (tools/golden/fx.py), the operator is known that it belongs to: of a state dict
// of attributes and nothing else, only what modules hold is missing.
func TestAttributesOfFXGraphMode(t *testing.T) {
	text, err := os.ReadFile("../testdata/fx/names.json")
	if err != nil {
		t.Fatal(err)
	}
	networks := map[string][]string{}
	if err := json.Unmarshal(text, &networks); err != nil {
		t.Fatal(err)
	}
	if len(networks) < 16 {
		t.Errorf("%d networks", len(networks))
	}
	for name, attributes := range networks {
		t.Run(name, func(t *testing.T) {
			arch, _, _ := strings.Cut(name, ".")
			g, err := zoo.Build(arch, nil, zoo.Quantizable)
			if err != nil {
				t.Fatal(err)
			}
			sd := &torch.StateDict{}
			for _, k := range attributes {
				sd.SetTensor(k, tensor.Of([]float32{1}))
				sd.SetTensor(strings.Replace(k, "_scale_", "_zero_point_", 1), tensor.Of([]int64{0}))
			}
			code := tensor.OfQuantized([]int8{1}, tensor.Affine(1, 0), 1)
			sd.SetTensor("codes", code) // what is converted has some
			_, _, err = statedict.BindQuantized(g, sd, statedict.QuantizedOptions{})
			var mismatch *statedict.MismatchError
			if !errors.As(err, &mismatch) {
				t.Fatal(err)
			}
			for _, d := range mismatch.Differences {
				if d.Problem == statedict.Extra && d.Key != "codes" {
					t.Errorf("%s belongs to nothing", d.Key)
				}
			}
		})
	}
}
