package statedict

import (
	"fmt"
	"strings"
	"testing"

	passes "github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

// What FX graph mode makes of transform_input=True is refused, prepared or converted,
// with the same remedy; convert_fx is none there. With it, googlenet has 12 observers
// more: of the slices of its input, and what they are multiplied with and added to.
func TestTransformedInputsOfGraphMode(t *testing.T) {
	one := tensor.Of([]float32{1}, 1)
	prepared, converted := &torch.StateDict{Source: "prepared.pth"}, &torch.StateDict{Source: "converted.pth"}
	for i := range 96 {
		prepared.SetTensor(fmt.Sprintf("activation_post_process_%d.min_val", i), one)
	}
	converted.SetTensor("_scale_0", one)
	converted.SetTensor("_zero_point_0", tensor.Of([]int64{0}, 1))
	for _, arch := range []string{"googlenet", "googlenet+transform_input"} {
		g, err := zoo.Build(arch, nil, zoo.Quantizable)
		if err != nil {
			t.Fatal(err)
		}
		fused, _, err := passes.Fuse(g)
		if err != nil {
			t.Fatal(err)
		}
		remedy := "convert torchvision's quantizable model in eager mode (prepare, convert), which octet runs with --arch googlenet+transform_input, or quantize the float checkpoint"
		if err := otherRoute(g, converted); err == nil || !strings.Contains(err.Error(), remedy) || strings.Contains(err.Error(), "convert_fx") {
			t.Errorf("%s, converted: %v", arch, err)
		}
		if _, _, err := named(fused, prepared); err == nil || !strings.Contains(err.Error(), "with transform_input=True, "+remedy) || !strings.Contains(err.Error(), "; otherwise call convert_fx(model)") {
			t.Errorf("%s, prepared: %v", arch, err)
		}
	}
	g, err := zoo.Build("resnet18", nil, zoo.Quantizable)
	if err != nil {
		t.Fatal(err)
	}
	if g, _, err = passes.Fuse(g); err != nil {
		t.Fatal(err)
	}
	if _, _, err := named(g, prepared); err == nil || strings.Contains(err.Error(), "transform") || !strings.Contains(err.Error(), "; call convert_fx(model)") {
		t.Errorf("resnet18, prepared: %v", err)
	}
}
