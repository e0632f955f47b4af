package octet_test

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/vision"
)

// What a caller does to metadata that it was given, or has given, does not reach the
// model.
func TestMetadataIsNotShared(t *testing.T) {
	m := open(t)
	int8, _, err := octet.Quantize(t.Context(), m, octet.FromTensor(noise(t, 2)), octet.WithExclude("fc"))
	if err != nil {
		t.Fatal(err)
	}
	mine := vision.ImageClassification(28, 28)
	int8, err = int8.WithMetadata(func(d *octet.Metadata) { d.Labels, d.Preset = strings.Split("abcdefghij", ""), &mine })
	if err != nil {
		t.Fatal(err)
	}
	mine.Mean[0], mine.Crop[0] = 7, 7
	d := int8.Metadata()
	d.Labels[0], d.Preset.Std[0], d.Calibration.Excluded[0], d.Float[0] = "changed", 7, "changed", "changed"
	if _, err := int8.WithMetadata(func(d *octet.Metadata) { d.Calibration.Excluded[0], d.Preset.Resize[0] = "changed", 7 }); err != nil {
		t.Fatal(err)
	}
	d = int8.Metadata()
	if p := d.Preset; slices.Contains(p.Mean, 7) || slices.Contains(p.Std, 7) || p.Crop[0] != 28 || p.Resize[0] != 28 {
		t.Errorf("preset %+v", p)
	}
	if d.Labels[0] != "a" || d.Calibration.Excluded[0] != "fc" || slices.Contains(d.Float, "changed") {
		t.Errorf("%+v, calibration %+v", d, d.Calibration)
	}
}

// What follows from graph and parameters cannot be edited, and what does not fit is
// refused.
func TestMetadataThatDoesNotFit(t *testing.T) {
	m := open(t)
	for name, change := range map[string]func(*octet.Metadata){
		"Arch":     func(d *octet.Metadata) { d.Arch = "resnet18" },
		"Numerics": func(d *octet.Metadata) { d.Numerics = "fbgemm" },
		"Float":    func(d *octet.Metadata) { d.Float = []string{"fc"} },
		"labels":   func(d *octet.Metadata) { d.Labels = []string{"a", "b"} },
		"preset":   func(d *octet.Metadata) { d.Preset = &vision.Preset{Channels: -1} },
		"nil":      nil,
	} {
		if c, err := m.WithMetadata(change); err == nil || c != nil {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	if _, err := (*octet.Model)(nil).WithMetadata(func(*octet.Metadata) {}); err == nil {
		t.Error("nil has metadata")
	}
}

// An error comes without a half-built value.
func TestErrorsComeAlone(t *testing.T) {
	m := open(t)
	path := filepath.Join(t.TempDir(), "model.pth")
	if err := m.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	bad := octet.WithLabels([]string{"one", "two", "three"})
	if m, err := octet.Open(path, bad); err == nil || m != nil {
		t.Errorf("Open: %v, %v", m, err)
	}
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		t.Fatal(err)
	}
	if m, err := octet.Read(bytes.NewReader(file.Bytes()), int64(file.Len()), "file", bad); err == nil || m != nil {
		t.Errorf("Read: %v, %v", m, err)
	}
	if c, err := octet.Compare(t.Context(), m, m, octet.FromTensor(noise(t, 1).Reshape(1, 28, 28, 1))); err == nil || c != nil {
		t.Errorf("Compare: %v, %v", c, err)
	}
}

// What a model finds out when it is first asked is found out once, by whoever asks.
func TestModelsServeManyAtOnce(t *testing.T) {
	m := open(t)
	x := noise(t, 2)
	c, err := octet.Calibrate(t.Context(), m, octet.FromTensor(x))
	if err != nil {
		t.Fatal(err)
	}
	m = open(t) // which nobody has asked yet
	models := make([]*octet.Model, 8)
	var all sync.WaitGroup
	for i := range models {
		all.Go(func() {
			if n := m.Classes(); n != 10 {
				t.Errorf("%d classes", n)
			}
			if _, err := m.FusedGraph(); err != nil {
				t.Error(err)
			}
			var err error
			if models[i], _, err = octet.Convert(m, c, octet.WithBackend([]octet.Backend{octet.FBGEMM, octet.QNNPACK}[i%2])); err != nil {
				t.Error(err)
				return
			}
			if err := models[i].Write(io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for i := 2; i < len(models); i++ {
		if !slices.Equal(run(t, models[i], x), run(t, models[i%2], x)) {
			t.Errorf("model %d is another one", i)
		}
	}
}
