package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// altered is a source with one pixel of one sample changed.
type altered struct {
	dataset.Source
	at int
}

func (a altered) At(ctx context.Context, i int) (dataset.Sample, error) {
	s, err := a.Source.At(ctx, i)
	if i == a.at {
		s.Image.Pix[7] ^= 1
	}
	return s, err
}

func TestResumeRefusesOtherData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.pth")
	tr := newTrainer(t, float(t, 1, 0), stripes(60), recipe())
	tr.Settings = dataset.Settings{"starting parameters": "abc"}
	if err := tr.Save(path); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(d *Data){
		"1 sample has other content: image 17": func(d *Data) { d.Source = altered{d.Source, 17} },
		"1 sample has other content: image 59": func(d *Data) { d.Source = altered{d.Source, 59} },
		"12 samples are new: image 60":         func(d *Data) { *d = *stripes(72) },
		"12 samples are missing: image 48":     func(d *Data) { *d = *stripes(48) },
		"the class of image 4 was 1 and is 0":  func(d *Data) { d.Labels[4] = 0 },
		"classes was 3 and is 4":               func(d *Data) { d.Classes = 4 },
		"mean was [0.4] and is [0.5]":          func(d *Data) { d.Preset.Mean = []float64{0.5} },
		"std was [0.25] and is [1]":            func(d *Data) { d.Preset.Std = []float64{1} },
		"input was [12,12] and is nothing":     func(d *Data) { d.Preset.Input = nil },
		"resize was nothing and is [12]": func(d *Data) {
			d.Preset.Input, d.Preset.Resize, d.Preset.Interpolation = nil, []int{12}, vision.Nearest
		},
		"crop was nothing and is [12,12]":       func(d *Data) { d.Preset.Input, d.Preset.Crop = nil, []int{12, 12} },
		"starting parameters was abc and is xy": nil,
	} {
		d := stripes(60)
		d.Labels = slices.Clone(d.Labels)
		other := newTrainer(t, float(t, 1, 0), d, recipe())
		other.Settings = tr.Settings
		if change == nil {
			other.Settings = dataset.Settings{"starting parameters": "xy"}
		} else {
			change(d)
		}
		err := other.Resume(path)
		if err == nil || !strings.Contains(err.Error(), says) || errors.Is(err, ErrOtherData) != (change != nil) {
			t.Errorf("error %v does not say %q", err, says)
		}
		if other.Step() != 0 {
			t.Errorf("%s: the refused checkpoint was loaded", says)
		}
	}
	same := newTrainer(t, float(t, 1, 0), stripes(60), recipe())
	same.Settings = tr.Settings
	if err := same.Resume(path); err != nil {
		t.Error(err)
	}
}

// A state that was cut off or damaged is not downloaded again.
func TestDamagedState(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "checkpoint.pth")
	tr := newTrainer(t, float(t, 1, 0), stripes(60), recipe())
	if err := tr.Save(path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(whole)
	for i := len(flipped) / 3; i < len(flipped)/3+64; i++ {
		flipped[i] ^= 0xff
	}
	for name, content := range map[string][]byte{
		"half": whole[:len(whole)/2], "without its end": whole[:len(whole)-40], "a few bytes": whole[:20], "empty": {},
		"zeros": make([]byte, len(whole)), "damaged inside": flipped, "text": []byte("<html>404</html>"),
	} {
		cut := filepath.Join(folder, "cut.pth")
		if err := os.WriteFile(cut, content, 0o644); err != nil {
			t.Fatal(err)
		}
		err := newTrainer(t, float(t, 1, 0), stripes(60), recipe()).Resume(cut)
		if err == nil || strings.Contains(err.Error(), "download") || !strings.Contains(err.Error(), "cut.pth") {
			t.Errorf("%s: %v", name, err)
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s is not called damaged: %v", name, err)
		}
	}
}

func TestPackedSamples(t *testing.T) {
	var all []dataset.SampleID
	for i := range 300 {
		all = append(all, dataset.Hash(strings.Repeat("x", i), tensor.Of([]int32{int32(i)}, 1)))
	}
	packed, err := pack(all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpack(packed)
	if err != nil || !slices.Equal(got, all) {
		t.Errorf("%v, %d of %d samples", err, len(got), len(all))
	}
	for _, bad := range [][]byte{nil, {1, 2, 3}, packed.Uint8s()[:packed.Numel()/2]} {
		if _, err := unpack(tensor.Of(bad, len(bad))); err == nil {
			t.Errorf("%d damaged bytes were read", len(bad))
		}
	}
}

func TestIdentifyTellsHowFarItIs(t *testing.T) {
	tr := newTrainer(t, float(t, 1, 0), stripes(60), recipe())
	last := 0
	if err := tr.Identify(t.Context(), func(done int) { last = done }); err != nil || last != 60 {
		t.Errorf("%v behind %d samples", err, last)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other := newTrainer(t, float(t, 1, 0), stripes(60), recipe())
	other.Checkpoint = filepath.Join(t.TempDir(), "c.pth")
	if err := other.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
