package octet_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// TestPixelsInONNXRuntime: a file that takes uint8 gives what ONNX Runtime gives for the same
// bytes, and what the file that takes normalised images gives for the same pixels, to the bit.
func TestPixelsInONNXRuntime(t *testing.T) {
	text, err := os.ReadFile("testdata/onnxexport/pixels.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]struct {
		Model, Layout string
		Size, Opset   int
		SHA256        string
	}
	if err := json.Unmarshal(text, &golden); err != nil || len(golden) != 2 {
		t.Fatalf("%d models: %v", len(golden), err)
	}
	arrays, err := npy.ReadNPZ("testdata/onnxexport/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	for name, g := range golden {
		t.Run(name, func(t *testing.T) {
			x, want := arrays.Arrays[name+".pixels"], arrays.Arrays[name+".of_pixels"]
			m, err := octet.Open(g.Model)
			if err != nil {
				t.Fatal(err)
			}
			m = sized(t, m, m.Channels(), g.Size)
			opts := []octet.ExportOption{octet.WithOpset(g.Opset), octet.WithPixels()}
			if g.Layout == "nhwc" {
				opts = append(opts, octet.WithChannelsLast())
			}
			path := filepath.Join(t.TempDir(), "pixels.onnx")
			if _, err := m.SaveONNX(t.Context(), path, opts...); err != nil {
				t.Fatal(err)
			}
			if fileSum(t, path) != g.SHA256 {
				t.Error("the file has other bytes than that of the golden outputs: look at the change, and run tools/onnxexport/golden.py")
			}
			back := opened(t, path)
			got := run(t, back, x)
			same(t, tensor.Of(got, want.Shape()...), want, floatTolerance)

			images := imagesOf(x, g.Layout == "nhwc")
			plain := filepath.Join(t.TempDir(), "plain.onnx")
			if _, err := m.SaveONNX(t.Context(), plain, octet.WithOpset(g.Opset)); err != nil {
				t.Fatal(err)
			}
			compareClasses(t, opened(t, plain), back, images)
		})
	}
}

func opened(t *testing.T, path string) *octet.Model {
	t.Helper()
	m, err := octet.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// imagesOf are the pixels of x as images.
func imagesOf(x *tensor.Tensor, channelsLast bool) []*vision.Image {
	var images []*vision.Image
	shape := x.Shape()
	h, w, c := shape[2], shape[3], shape[1]
	if channelsLast {
		h, w, c = shape[1], shape[2], shape[3]
	}
	for n := range shape[0] {
		img := &vision.Image{Width: w, Height: h, Pix: make([]byte, 3*h*w)}
		for i := range 3 * h * w {
			ch := min(i%3, c-1) // grey images have equal channels
			from := ch*h*w + i/3
			if channelsLast {
				from = i/3*c + ch
			}
			img.Pix[i] = x.Bytes()[n*h*w*c+from]
		}
		images = append(images, img)
	}
	return images
}

// compareClasses demands equal logits of images, and a preset that says what the file takes.
func compareClasses(t *testing.T, plain, pixels *octet.Model, images []*vision.Image) {
	t.Helper()
	preset, assumed, err := pixels.Preset()
	if err != nil || assumed || !preset.Pixels || preset.Mean != nil {
		t.Fatalf("the preset of the file is %+v, assumed %v: %v", preset, assumed, err)
	}
	var sessions []*octet.Session
	for _, m := range []*octet.Model{plain, pixels} {
		s, err := m.Compile()
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, s)
	}
	for i, img := range images {
		want, err := sessions[0].ClassifyPixels(t.Context(), img, 3)
		if err != nil {
			t.Fatal(err)
		}
		got, err := sessions[1].ClassifyPixels(t.Context(), img, 3)
		if err != nil {
			t.Fatal(err)
		}
		for k := range want {
			if got[k].Class != want[k].Class || got[k].Logit != want[k].Logit {
				t.Errorf("image %d: %+v, want %+v", i, got[k], want[k])
			}
		}
	}
	if _, err := sessions[1].Run(t.Context(), half(t, preset)); err == nil || !strings.Contains(err.Error(), "it takes pixels, whole numbers from 0 to 255") {
		t.Errorf("normalised numbers for a model that takes pixels: %v", err)
	}
}

// half is an image of the preset's size whose numbers are all a half.
func half(t *testing.T, p vision.Preset) *tensor.Tensor {
	t.Helper()
	shape, ok := p.Shape()
	if !ok {
		t.Fatal("no size")
	}
	if p.ChannelsLast {
		shape = tensor.Shape{shape[1], shape[2], shape[0]}
	}
	x := tensor.New(tensor.Float32, append(tensor.Shape{1}, shape...)...)
	for i := range x.Float32s() {
		x.Float32s()[i] = 0.5
	}
	return x
}

// TestPixelsAreRefused: inputs that are no images, or pixels already.
func TestPixelsAreRefused(t *testing.T) {
	m := sized(t, opened(t, "testdata/fx/mobilenet_v2.quantizable.ptq.pth"), 3, 64)
	path := filepath.Join(t.TempDir(), "pixels.onnx")
	if _, err := m.SaveONNX(t.Context(), path, octet.WithPixels()); err != nil {
		t.Fatal(err)
	}
	_, err := opened(t, path).SaveONNX(t.Context(), path, octet.WithPixels())
	if err == nil || !strings.Contains(err.Error(), "only of a model that takes float32 [N, C, H, W] alone can the input become pixels") {
		t.Errorf("pixels of pixels: %v", err)
	}
}
