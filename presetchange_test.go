package octet_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/vision"
)

// fresh saves a new model and returns its path.
func fresh(t *testing.T, arch string, classes, channels int) string {
	t.Helper()
	m, err := octet.New(arch, classes, channels, 1)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), arch+".pth")
	if err := m.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPresetIsChangedPartByPart(t *testing.T) {
	color, grey := fresh(t, "fashion_resnet8", 4, 3), fresh(t, "fashion_resnet8", 4, 1)
	mean, std := []float64{0.485, 0.456, 0.406}, []float64{0.229, 0.224, 0.225}
	half := []float64{0.5, 0.5, 0.5}
	imagenet := octet.WithPreset(vision.ImageClassification(224, 256))
	for _, c := range []struct {
		name   string
		file   string
		named  octet.OpenOption
		change octet.PresetChange
		want   vision.Preset
	}{
		{"resize", color, imagenet, octet.PresetChange{Resize: []int{40}},
			vision.Preset{Channels: 3, Resize: []int{40}, Interpolation: "bilinear", Crop: []int{224, 224}, Mean: mean, Std: std}},
		{"crop of a square", color, imagenet, octet.PresetChange{Crop: []int{200}},
			vision.Preset{Channels: 3, Resize: []int{256}, Interpolation: "bilinear", Crop: []int{200, 200}, Mean: mean, Std: std}},
		{"mean and std", color, imagenet, octet.PresetChange{Mean: []float64{0.5}, Std: half},
			vision.Preset{Channels: 3, Resize: []int{256}, Interpolation: "bilinear", Crop: []int{224, 224}, Mean: half, Std: half}},
		{"std", color, imagenet, octet.PresetChange{Std: half},
			vision.Preset{Channels: 3, Resize: []int{256}, Interpolation: "bilinear", Crop: []int{224, 224}, Mean: mean, Std: half}},
		{"interpolation", color, imagenet, octet.PresetChange{Interpolation: vision.Bicubic},
			vision.Preset{Channels: 3, Resize: []int{256}, Interpolation: "bicubic", Crop: []int{224, 224}, Mean: mean, Std: std}},
		{"no crop", color, imagenet, octet.PresetChange{Crop: []int{}, Resize: []int{32, 48}},
			vision.Preset{Channels: 3, Resize: []int{32, 48}, Interpolation: "bilinear", Crop: []int{}, Mean: mean, Std: std}},
		{"size of a preset that takes one size", grey, nil, octet.PresetChange{Resize: []int{28, 28}},
			vision.Preset{Channels: 1, Resize: []int{28, 28}, Mean: []float64{0.286}, Std: []float64{0.353}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := []octet.OpenOption{octet.WithPresetChange(c.change)}
			if c.named != nil {
				opts = append(opts, c.named)
			}
			m, err := octet.Open(c.file, opts...)
			if err != nil {
				t.Fatal(err)
			}
			got, assumed, err := m.Preset()
			if d := cmp.Diff(c.want, got); d != "" || assumed || err != nil {
				t.Errorf("assumed %v, %v, -want +got\n%s", assumed, err, d)
			}
		})
	}
}

func TestWhatAChangedPresetKeepsIsSaid(t *testing.T) {
	m, err := octet.New("shufflenet_v2_x0_5", 4, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := m.ChangePreset(octet.PresetChange{Resize: []int{40}})
	if err != nil {
		t.Fatal(err)
	}
	said := said(changed)
	for _, want := range []string{"crop [224 224]", "mean [0.485", "the rest is black"} {
		if !strings.Contains(said, want) {
			t.Errorf("assumptions do not say %q:\n%s", want, said)
		}
	}
	if len(m.Assumptions()) != 0 {
		t.Error("the model itself was changed")
	}
	half := []float64{0.5}
	if changed, err = m.ChangePreset(octet.PresetChange{Resize: []int{40}, Crop: []int{32}, Mean: half, Std: half}); err != nil || len(changed.Assumptions()) != 0 {
		t.Errorf("all was said, yet assumed: %q, %v", changed.Assumptions(), err)
	}
}

func TestWrongPresetChanges(t *testing.T) {
	grey, err := octet.New("shufflenet_v2_x0_5", 4, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	color, _ := octet.New("shufflenet_v2_x0_5", 4, 3, 1)
	for name, c := range map[string]struct {
		m      *octet.Model
		change octet.PresetChange
		want   string
	}{
		"range unknown":   {grey, octet.PresetChange{Resize: []int{40}}, "1 channels"},
		"std missing":     {grey, octet.PresetChange{Mean: []float64{0.5}}, "std 0 values"},
		"two means":       {color, octet.PresetChange{Mean: []float64{0.5, 0.5}}, "mean has 2"},
		"std of nothing":  {color, octet.PresetChange{Std: []float64{0}}, "must be positive"},
		"negative resize": {color, octet.PresetChange{Resize: []int{-3}}, "not within"},
	} {
		if _, err := c.m.ChangePreset(c.change); !errors.Is(err, octet.ErrRecipe) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if m, err := grey.ChangePreset(octet.PresetChange{Mean: []float64{0.5}, Std: []float64{0.25}}); err != nil || m.Metadata().Preset.Channels != 1 {
		t.Errorf("mean and std suffice: %v", err)
	}
}
