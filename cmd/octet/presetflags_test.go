package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/vision"
)

// photo writes a colour PNG.
func photo(t *testing.T, path string, w, h int, shade uint8) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x*3) ^ shade, uint8(y*5) + shade, uint8(x + y), 255})
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
}

func TestGivenFlagsReplaceAssumedPreprocessing(t *testing.T) {
	model := freshModel(t, "fashion_resnet8", 2, 3)
	photos := t.TempDir()
	photo(t, filepath.Join(photos, "a", "1.png"), 60, 50, 1)
	photo(t, filepath.Join(photos, "b", "2.png"), 50, 60, 99)
	int8 := filepath.Join(photos, "int8.pth")
	base := vision.ImageClassification(224, 256)
	half := []float64{0.5, 0.5, 0.5}
	for _, c := range []struct {
		flags string
		want  func(*vision.Preset)
	}{
		{"--resize 40 --crop 32", func(p *vision.Preset) { p.Resize, p.Crop = []int{40}, []int{32, 32} }},
		{"--crop 32,40", func(p *vision.Preset) { p.Crop = []int{32, 40} }},
		{"--resize 40", func(p *vision.Preset) { p.Resize = []int{40} }},
		{"--mean 0.5,0.5,0.5 --std 0.5 --crop 32", func(p *vision.Preset) { p.Mean, p.Std, p.Crop = half, half, []int{32, 32} }},
		{"--interpolation bicubic --crop 32 --std 0.5,0.5,0.5", func(p *vision.Preset) { p.Interpolation, p.Crop, p.Std = "bicubic", []int{32, 32}, half }},
		{"--preset imagenet-v2 --crop 32", func(p *vision.Preset) { p.Resize, p.Crop = []int{232}, []int{32, 32} }},
		{"--crop 0 --resize 32,32", func(p *vision.Preset) { p.Resize, p.Crop = []int{32, 32}, nil }},
	} {
		flags := strings.Fields(c.flags)
		octetCommand(t, append([]string{"run", model, photos}, flags...)...).must(t)
		octetCommand(t, append([]string{"eval", model, photos, "--limit", "2"}, flags...)...).must(t)
		octetCommand(t, append([]string{"quantize", model, "--calibration", photos, "--qconfig", "minmax", "-o", int8}, flags...)...).must(t)
		m, err := octet.Open(int8)
		if err != nil {
			t.Fatal(err)
		}
		want := base
		c.want(&want)
		if d := cmp.Diff(&want, m.Metadata().Preset); d != "" {
			t.Errorf("%s is recorded as -want +got\n%s", c.flags, d)
		}
		os.Remove(int8)
	}
}

func TestTrainAndCompareTakeSinglePreprocessingFlags(t *testing.T) {
	photos, out := t.TempDir(), filepath.Join(t.TempDir(), "o.pth")
	for _, name := range []string{"a/1.png", "a/2.png", "b/3.png", "b/4.png"} {
		photo(t, filepath.Join(photos, name), 40, 40, name[2])
	}
	small := []string{"--crop", "32", "--resize", "36"}
	octetCommand(t, append([]string{"train", "--arch", "fashion_resnet8", "--mean", "0.5,0.5,0.5", "--std", "0.5", "--data", photos, "--epochs", "1", "--batch-size", "2", "-o", out}, small...)...).must(t)
	m, err := octet.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if p := m.Metadata().Preset; p == nil || len(p.Mean) != 3 || p.Crop[0] != 32 || p.Resize[0] != 36 {
		t.Errorf("trained with %+v", p)
	}
	qat := filepath.Join(t.TempDir(), "q.pth")
	octetCommand(t, "qat", out, "--crop", "28", "--data", photos, "--epochs", "1", "--batch-size", "2", "-o", qat).must(t)
	if m, err = octet.Open(qat); err != nil || m.Metadata().Preset.Crop[0] != 28 || m.Metadata().Preset.Resize[0] != 36 {
		t.Errorf("trained with %+v, %v", m.Metadata().Preset, err)
	}
	octetCommand(t, "compare", out, "--calibration", photos, "--crop", "24", "--duration", "0s", "--layer-inputs", "0", "--qconfig", "minmax").must(t)
}
