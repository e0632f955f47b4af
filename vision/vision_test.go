package vision_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(golden(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodeRefuses(t *testing.T) {
	cases := map[string]struct {
		file []byte
		want string
	}{
		"empty":     {nil, "0 bytes"},
		"text":      {[]byte("hello, world"), "not an image"},
		"cut PNG":   {read(t, "RGB.png")[:300], "broken PNG"},
		"cut JPEG":  {read(t, "ycc_420.jpg")[:500], "broken JPEG"},
		"cut WebP":  {read(t, "lossy.webp")[:300], "cut off"},
		"cut GIF":   {read(t, "P.gif")[:20], "broken GIF"},
		"cut BMP":   {read(t, "RGB.bmp")[:300], "broken BMP"},
		"cut TIFF":  {read(t, "RGB.tif")[:100], "broken TIFF"},
		"cut PPM":   {read(t, "RGB.ppm")[:100], "cut off"},
		"only SOI":  {[]byte("\xff\xd8\xff\xd9"), "broken JPEG"},
		"empty PPM": {[]byte("P6 0 5 255\n"), "0 x 5"},
		"bomb":      {[]byte("P5 60000 60000 255\n"), "exceed the limit"},
		"no frame":  {[]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x03\x00\x00"), "before its first frame"},
	}
	for name, c := range cases {
		if _, err := vision.Decode(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "bad.png")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vision.DecodeFile(path); err == nil || !strings.Contains(err.Error(), "bad.png") {
		t.Errorf("the file is not named: %v", err)
	}
}

// Each format's size is compared with the limit before pixels are unpacked.
func TestPixelLimit(t *testing.T) {
	for _, name := range []string{"RGB.png", "ycc_420.jpg", "cmyk.jpg", "lossy.webp", "alpha.webp", "lossless.webp", "P.gif", "RGB.bmp", "RGB.tif", "L.pgm", "RGB.ppm"} {
		const pixels = 37 * 23
		if _, err := (vision.Decoder{MaxPixels: pixels}).DecodeFile(golden(name)); err != nil {
			t.Error(err)
		}
		if _, err := (vision.Decoder{MaxPixels: pixels - 1}).DecodeFile(golden(name)); !errors.Is(err, vision.ErrTooLarge) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Memory that is reused holds nothing of the image before.
func TestDecodeInto(t *testing.T) {
	presets := []vision.Preset{vision.ImageClassification(20, 24), {Channels: 1, Crop: []int{50, 9}}, {Channels: 3, Resize: []int{7, 90}, ChannelsLast: true}}
	for _, name := range []string{"RGB.png", "ycc_420.jpg", "cmyk.jpg", "ycc_420.jpg", "lossy.webp", "P.gif"} {
		file := read(t, name)
		m, err := vision.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range presets {
			want, err := p.Apply(m)
			if err != nil {
				t.Fatal(err)
			}
			dst := make([]float32, want.Numel())
			for range 3 {
				clear(dst)
				if _, err := (vision.Decoder{}).DecodeInto(dst, file, p); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(dst, want.Float32s()) {
					t.Errorf("%s, %+v: not what Apply makes of its pixels", name, p)
				}
			}
			if _, err := (vision.Decoder{}).DecodeInto(dst[1:], file, p); err == nil {
				t.Errorf("%s: %d values were written to one less", name, len(dst))
			}
		}
		if _, err := (vision.Decoder{}).DecodeInto(nil, file[:9], presets[0]); err == nil {
			t.Errorf("%s: 9 bytes of it were read", name)
		}
	}
}

func TestPresetJSON(t *testing.T) {
	p := vision.ImageClassification(224, 256)
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"channels":3,"resize":[256],"interpolation":"bilinear","crop":[224,224],"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225]}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
	var q vision.Preset
	if err := json.Unmarshal(b, &q); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, q); d != "" {
		t.Error(d)
	}
}

func TestPresetValidate(t *testing.T) {
	bad := map[string]vision.Preset{
		"channels":      {},
		"interpolation": {Channels: 3, Interpolation: "cubic"},
		"resize":        {Channels: 3, Resize: []int{1, 2, 3}},
		"within":        {Channels: 3, Resize: []int{0}},
		"crop":          {Channels: 3, Crop: []int{5}},
		"excludes":      {Channels: 3, Input: []int{5, 5}, Crop: []int{5, 5}},
		"mean has":      {Channels: 3, Mean: []float64{0}, Std: []float64{1}},
		"std[0]":        {Channels: 1, Mean: []float64{0}, Std: []float64{1e-60}},
	}
	for want, p := range bad {
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v", p, err)
		}
		if _, err := p.Apply(vision.NewImage(5, 5)); err == nil {
			t.Errorf("%+v was applied", p)
		}
	}
}

func TestPresetChecksSize(t *testing.T) {
	p := vision.Preset{Channels: 1, Input: []int{28, 28}}
	if _, err := p.Apply(vision.NewImage(28, 28)); err != nil {
		t.Error(err)
	}
	_, err := p.Apply(vision.NewImage(30, 28))
	if err == nil || !strings.Contains(err.Error(), "28 x 30") || !strings.Contains(err.Error(), "resize") {
		t.Errorf("got %v", err)
	}
	q := vision.Preset{Channels: 3, Resize: []int{10}}
	if err := q.ApplyInto(make([]float32, 300), vision.NewImage(20, 30)); err == nil || !strings.Contains(err.Error(), "crop") {
		t.Errorf("got %v", err)
	}
	if _, err := q.Apply(vision.NewImage(1, 1<<26)); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for _, x := range []*tensor.Tensor{tensor.New(tensor.Float32, 3, 4), tensor.New(tensor.UInt8, 3, 4, 4), tensor.New(tensor.Float32, 2, 4, 4)} {
		if _, err := vision.Normalize(x, []float64{0, 0, 0}, []float64{1, 1, 1}); err == nil {
			t.Errorf("%v was normalised", x)
		}
	}
}

func ExamplePreset_Apply() {
	var file bytes.Buffer // stands for any image file
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 500, 375))); err != nil {
		panic(err)
	}
	img, err := vision.Decode(file.Bytes())
	if err != nil {
		panic(err)
	}
	x, err := vision.ImageClassification(224, 256).Apply(img)
	if err != nil {
		panic(err)
	}
	fmt.Println(x, x.Float32s()[0])
	// Output: float32[3, 224, 224] -2.117904
}

func FuzzDecode(f *testing.F) {
	for _, pattern := range []string{"*.png", "*.jpg", "*.webp", "*.gif", "*.bmp", "*.tif", "*.p?m"} {
		paths, err := filepath.Glob(golden(pattern))
		if err != nil || len(paths) == 0 {
			f.Fatal(pattern, err)
		}
		for _, p := range paths {
			if !strings.Contains(p, "source") {
				f.Add(read(f, filepath.Base(p)))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := vision.Decoder{MaxPixels: 1 << 16, Upright: true}.Decode(b)
		if err == nil && (m.Width < 1 || m.Height < 1 || len(m.Pix) != 3*m.Width*m.Height) {
			t.Fatalf("%d x %d pixels in %d bytes", m.Width, m.Height, len(m.Pix))
		}
	})
}
