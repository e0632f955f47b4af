package main

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/vision"
	"github.com/octet-ml/octet/zoo"
)

// readPNG decodes a picture that a command wrote.
func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ink counts the dark pixels of rows [from, to).
func ink(m image.Image, from, to int) int {
	n := 0
	for y := from; y < to; y++ {
		for x := range m.Bounds().Dx() {
			if r, _, _, _ := m.At(x, y).RGBA(); r < 0x8000 {
				n++
			}
		}
	}
	return n
}

func TestLabelsAreDrawnBelowThePicture(t *testing.T) {
	folder, int8, _ := quantized(t)
	one, two := filepath.Join(folder, "one.png"), filepath.Join(folder, "two.png")
	picture(t, one, 0)
	picture(t, two, 99)
	drawn := filepath.Join(folder, "drawn.png")
	var doc runOutput
	octetCommand(t, "run", int8, one, "--draw", drawn, "--top", "3", "--json").must(t).decode(t, &doc)
	if len(doc.Drawn) != 1 || doc.Drawn[0] != drawn || len(doc.Results[0].Top) != 3 {
		t.Errorf("%+v", doc)
	}
	m, was := readPNG(t, drawn), readPNG(t, one)
	const enlarged = 12 // 28 pixels to at least 320
	if b := m.Bounds(); b.Dx() != 28*enlarged || b.Dy() < 28*enlarged+3*leastText {
		t.Errorf("the picture has %v", b)
	}
	for y := range 28 * enlarged {
		for x := range 28 * enlarged {
			if g, _, _, _ := m.At(x, y).RGBA(); g>>8 != uint32(was.(*image.Gray).GrayAt(x/enlarged, y/enlarged).Y) {
				t.Fatalf("pixel %d, %d is not the picture's", x, y)
			}
		}
	}
	if n := ink(m, 28*enlarged, m.Bounds().Dy()); n < 300 {
		t.Errorf("%d dark pixels are no text", n)
	}
	octetCommand(t, "run", int8, one, two, "--draw", drawn).must(t)
	for _, name := range []string{"drawn-1.png", "drawn-2.png"} {
		readPNG(t, filepath.Join(folder, name))
	}
	octetCommand(t, "run", int8, one, "--draw", filepath.Join(folder, "x.jpg")).fails(t, exit.Usage, "PNG")
	octetCommand(t, "run", int8, grey(t, 1), "--draw", drawn).fails(t, exit.Data, "needs pictures")
	octetCommand(t, "run", int8, one, "--draw", drawn, "-o", filepath.Join(folder, "y.npy")).fails(t, exit.Usage, "--draw")
}

func TestLabelsOfAllKindsAreDrawn(t *testing.T) {
	half := 0.5
	for name, c := range map[string]struct {
		w, h int
		top  []octet.Prediction
	}{
		"long":     {320, 240, []octet.Prediction{{Label: strings.Repeat("a very long name ", 20), Probability: 1}}},
		"no label": {640, 480, []octet.Prediction{{Class: 7, Probability: 0.5}}},
		"sigmoid":  {100, 100, []octet.Prediction{{Class: 1, Probability: 0.5, Sigmoid: &half}}},
		"foreign":  {2000, 100, []octet.Prediction{{Label: "Äpfel, кошка, γάτα", Probability: 0.1}}},
		"a line":   {1, 5000, []octet.Prediction{{Label: "x", Probability: 0.1}}},
		"five":     {224, 224, make([]octet.Prediction, 5)},
	} {
		m := vision.NewImage(c.w, c.h)
		out, err := labelled(m, c.top)
		if err != nil {
			t.Fatal(err)
		}
		b := out.Bounds()
		if picture := b.Dx() * c.h / c.w; b.Dy() <= picture || name != "a line" && ink(out, picture, b.Dy()) < 20 || b.Dy() > 16000 {
			t.Errorf("%s: %v", name, b)
		}
	}
}

func TestPicturesFromTheNetworkAndStandardInput(t *testing.T) {
	folder, int8, _ := quantized(t)
	file := filepath.Join(folder, "cat.png")
	picture(t, file, 7)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cat.png", "/image":
			w.Write(content)
		case "/page.html":
			w.Write([]byte("<html>not a picture</html>"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	t.Setenv("OCTET_OFFLINE", "")
	var want, got runOutput
	octetCommand(t, "run", int8, file, "--json").must(t).decode(t, &want)
	for _, path := range []string{"/cat.png", "/image", "/image?size=large"} {
		octetCommand(t, "run", int8, s.URL+path, "--json").must(t).decode(t, &got)
		if got.Results[0].Input != s.URL+path || got.Results[0].Top[0] != want.Results[0].Top[0] {
			t.Errorf("%s: %+v", path, got.Results)
		}
	}
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"run", int8, "-", file, "--json"}, bytes.NewReader(content), &out, &errOut); code != exit.OK {
		t.Fatal(errOut.String())
	}
	result{exit.OK, out.String(), ""}.decode(t, &got)
	if len(got.Results) != 2 || got.Results[0].Input != "standard input" || got.Results[0].Top[0] != want.Results[0].Top[0] {
		t.Errorf("- and a file: %+v", got.Results)
	}
	octetCommand(t, "run", int8, "-").fails(t, exit.Data, "standard input is empty", "< cat.jpg")
	octetCommand(t, "run", int8, s.URL+"/missing.jpg").fails(t, exit.Network, "404")
	octetCommand(t, "run", int8, s.URL+"/page.html").fails(t, exit.Data, "page.html")
	octetCommand(t, "run", int8, s.URL+"/cat.png", "--offline").fails(t, exit.Network, "offline")
	octetCommand(t, "run", int8, "ftp://127.0.0.1/cat.png").fails(t, exit.Data, "http:// or https://")
	octetCommand(t, "run", int8, "file://"+file).fails(t, exit.Data, "http:// or https://")
	t.Setenv("OCTET_OFFLINE", "1")
	octetCommand(t, "run", int8, s.URL+"/cat.png").fails(t, exit.Network, "offline")
}

func TestZooShortNames(t *testing.T) {
	mirror(t, smallResNet18(t))
	photo := filepath.Join(t.TempDir(), "photo.png")
	picture(t, photo, 99)
	for _, name := range []string{"zoo:resnet18", "zoo:ResNet18", "zoo:resnet-18"} {
		var doc runOutput
		r := octetCommand(t, "run", name, photo, "--json").must(t)
		r.decode(t, &doc)
		if doc.Kind != "int8" || !strings.Contains(r.errOut, "ResNet18_QuantizedWeights.IMAGENET1K_FBGEMM_V1") {
			t.Errorf("%s: %+v\n%s", name, doc, r.errOut)
		}
	}
	f := &inputs.FetchFlags{Float: true}
	inputs.GetWeights = zoo.Get
	for short, want := range map[string]string{"resnet50": "ResNet50_Weights.IMAGENET1K_V2", "zoo:googlenet": "GoogLeNet_Weights.IMAGENET1K_V1", "ResNet18_QuantizedWeights.DEFAULT": "ResNet18_QuantizedWeights.IMAGENET1K_FBGEMM_V1"} {
		if w, err := f.Weights(short); err != nil || w.String() != want {
			t.Errorf("float %s: %v, %v", short, w, err)
		}
	}
	octetCommand(t, "run", "zoo:resnet19", photo).fails(t, exit.Usage, "ResNet18")
}
