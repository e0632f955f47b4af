package zoo_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/zoo"
)

// registryEntry is what torchvision's registry says, in generic JSON.
type registryEntry map[string]any

func TestWeightsAreTheRegistrys(t *testing.T) {
	text, err := os.ReadFile("../tools/zoo/zoo.json")
	if err != nil {
		t.Fatal(err)
	}
	var registry struct{ Quantized, Float []registryEntry }
	if err := json.Unmarshal(text, &registry); err != nil {
		t.Fatal(err)
	}
	entries := slices.Concat(registry.Quantized, registry.Float)
	if all := zoo.AllWeights(); len(all) != len(entries) || len(registry.Quantized) != 14 || len(registry.Float) != 16 {
		t.Fatalf("%d weights for %d entries", len(all), len(entries))
	}
	for _, e := range entries {
		w, err := zoo.Get(e["full_name"].(string))
		if err != nil {
			t.Error(err)
			continue
		}
		transforms := e["transforms"].(map[string]any)
		got := []any{w.Enum, w.Member, w.URL, w.FileName, w.HashPrefix, w.Backend, w.Recipe, w.Unquantized, w.NumParams,
			w.Acc1, w.Acc5, w.FileSizeMB, w.GFLOPS, w.MinSize, len(w.Categories()), w.Preset.Resize, w.Preset.Crop[:1],
			w.Preset.Mean, w.Preset.Std, string(w.Preset.Interpolation)}
		var want []any
		for _, key := range []string{"enum", "member", "url", "file_name", "sha256_prefix_in_name", "backend", "recipe", "unquantized",
			"num_params", "acc_at_1", "acc_at_5", "file_size_mb", "ops_gflops", "min_size", "num_categories"} {
			v := e[key]
			if v == nil {
				v = ""
			}
			want = append(want, v)
		}
		for _, key := range []string{"resize_size", "crop_size", "mean", "std", "interpolation"} {
			want = append(want, transforms[key])
		}
		for i := range want {
			g, _ := json.Marshal(got[i])
			h, _ := json.Marshal(want[i])
			if string(g) != string(h) {
				t.Errorf("%s: %s, registry has %s", w, g, h)
			}
		}
		arch, transformed := strings.CutSuffix(w.Arch, "+transform_input")
		if _, err := zoo.Lookup(w.Arch); err != nil || transformed != (arch == "googlenet" || arch == "inception_v3") {
			t.Errorf("%s: architecture %s (%v)", w, w.Arch, err)
		}
		if path.Base(w.URL) != w.FileName || !strings.HasSuffix(e["builder"].(string), "."+arch) || w.Quantized() != (e["backend"] != nil) {
			t.Errorf("%s: file %s, architecture %s", w, w.FileName, w.Arch)
		}
		if d, err := zoo.Get(w.Enum + ".DEFAULT"); err != nil || d.Member != e["default_member"] {
			t.Errorf("%s: default %s (%v)", w.Enum, d, err)
		}
		if w.Unquantized != "" {
			if _, err := zoo.Get(w.Unquantized); err != nil {
				t.Error(err)
			}
		}
		if err := w.Preset.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyMobileNetV3IsPrepared(t *testing.T) {
	for _, w := range zoo.AllWeights() {
		if want := w.Enum == "MobileNet_V3_Large_QuantizedWeights"; w.Prepared != want {
			t.Errorf("%s: prepared %v", w, w.Prepared)
		}
	}
}

func TestTheTableCannotBeChangedFromOutside(t *testing.T) {
	w := zoo.ResNet50QuantizedWeights.Default()
	w.Preset.Mean[0] = 0
	zoo.ResNet50QuantizedWeights.Members()[0].Preset.Resize[0] = 1
	if w = zoo.ResNet50QuantizedWeights.Default(); w.Preset.Mean[0] != 0.485 {
		t.Error("the mean of the table was changed")
	}
	if zoo.ResNet50QuantizedWeights.Members()[0].Preset.Resize[0] != 256 {
		t.Error("the size of the table was changed")
	}
}

func TestUnknownWeightsNameNearOnes(t *testing.T) {
	for name, want := range map[string]string{
		"resnet50":                                      "ResNet50_QuantizedWeights.DEFAULT",
		"ResNet50_QuantisedWeights.DEFAULT":             "ResNet50_QuantizedWeights.DEFAULT",
		"resnet18_weights.imagenet1k_v1":                "ResNet18_Weights.IMAGENET1K_V1",
		"ResNet50_QuantizedWeights":                     "IMAGENET1K_FBGEMM_V2",
		"ResNet50_QuantizedWeights.IMAGENET1K_FBGEM_V2": "IMAGENET1K_FBGEMM_V2",
		"":  "_",
		"…": "_",
	} {
		_, err := zoo.Get(name)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("Get(%q): %v; it should name %s", name, err, want)
		}
	}
}

func TestImageNetCategories(t *testing.T) {
	c := zoo.ImageNetCategories()
	if len(c) != 1000 || c[0] != "tench" || c[999] != "toilet tissue" || slices.Contains(c, "") {
		t.Errorf("%d categories from %q to %q", len(c), c[0], c[len(c)-1])
	}
}

func ExampleGet() {
	w, err := zoo.Get("ResNet50_QuantizedWeights.DEFAULT")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w, w.Backend, w.Acc1, "from", w.Unquantized)
	// Output: ResNet50_QuantizedWeights.IMAGENET1K_FBGEMM_V2 fbgemm 80.282 from ResNet50_Weights.IMAGENET1K_V2
}
