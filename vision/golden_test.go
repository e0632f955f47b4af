package vision_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

func golden(name string) string { return filepath.Join("testdata", "golden", name) }

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(golden(name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(name, err)
	}
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Every format decodes to PIL's pixels exactly.
func TestFormatsEqualPIL(t *testing.T) {
	var files map[string]struct {
		Shape  [3]int
		SHA256 string
	}
	readJSON(t, "formats.json", &files)
	if len(files) < 70 {
		t.Fatalf("only %d files", len(files))
	}
	for name, want := range files {
		m, err := vision.DecodeFile(golden(name))
		if err != nil {
			t.Error(err)
			continue
		}
		if [3]int{m.Height, m.Width, 3} != want.Shape || hash(m.Pix) != want.SHA256 {
			t.Errorf("%s: %d x %d pixels differ from PIL's %v", name, m.Height, m.Width, want.Shape)
		}
	}
}

// Turned upright on request, pixels are those of PIL's exif_transpose.
func TestUprightEqualsPIL(t *testing.T) {
	var files map[string]struct {
		Shape  [3]int
		SHA256 string
	}
	readJSON(t, "upright.json", &files)
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	for name, want := range files {
		m, err := vision.Decoder{Upright: true}.DecodeFile(golden(name))
		if err != nil {
			t.Error(err)
			continue
		}
		if [3]int{m.Height, m.Width, 3} != want.Shape || hash(m.Pix) != want.SHA256 {
			t.Errorf("%s: %d x %d pixels differ from PIL's %v", name, m.Height, m.Width, want.Shape)
		}
		if m, err = vision.DecodeFile(golden(name)); err != nil || m.Height != 5 || m.Width != 9 {
			t.Errorf("%s: turned without being asked: %v", name, err)
		}
	}
}

// Every transform of pixels that are exact is exact, to the last bit of the float.
func TestPresetsEqualTorchvision(t *testing.T) {
	var cases []struct {
		Source string
		Preset vision.Preset
		Shape  tensor.Shape
		SHA256 string
	}
	readJSON(t, "presets.json", &cases)
	if len(cases) < 200 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		m, err := vision.DecodeFile(golden(c.Source))
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Preset.Apply(m)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if !got.Shape().Equal(c.Shape) || hash(got.Bytes()) != c.SHA256 {
			t.Errorf("%s by %+v: %v differs from torchvision's %v", c.Source, c.Preset, got, c.Shape)
		}
		into := make([]float32, got.Numel())
		if err := c.Preset.ApplyInto(into, m); err != nil || hash(tensor.Of(into, len(into)).Bytes()) != c.SHA256 {
			t.Errorf("%+v: ApplyInto differs: %v", c.Preset, err)
		}
		if shape, fixed := c.Preset.Shape(); fixed && !shape.Equal(c.Shape) {
			t.Errorf("%+v: announces %v, makes %v", c.Preset, shape, c.Shape)
		}
	}
}

func TestWholeTensor(t *testing.T) {
	var c struct {
		Source string
		Preset vision.Preset
	}
	readJSON(t, "tensor.json", &c)
	z, err := npy.ReadNPZ(golden("tensor.npz"), "x")
	if err != nil {
		t.Fatal(err)
	}
	m, err := vision.DecodeFile(golden(c.Source))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Preset.Apply(m)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range z.Arrays["x"].Float32s() {
		if got.Float32s()[i] != want {
			t.Fatalf("element %d is %v, torchvision has %v", i, got.Float32s()[i], want)
		}
	}
	// The same through the single transforms.
	w, h := vision.ShorterEdge(m.Width, m.Height, c.Preset.Resize[0])
	m = vision.CenterCrop(vision.Resize(m, w, h, c.Preset.Interpolation), c.Preset.Crop[1], c.Preset.Crop[0])
	single, err := vision.Normalize(vision.ToTensor(m), c.Preset.Mean, c.Preset.Std)
	if err != nil {
		t.Fatal(err)
	}
	if hash(single.Bytes()) != hash(got.Bytes()) {
		t.Error("the transforms one by one differ from the preset")
	}
}
