package octet_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

const demoPath = "cmd/octet/demodata/fashion_resnet8.pth"

func openDemo(t *testing.T) (float, int8 *octet.Model, inputs octet.Batches) {
	t.Helper()
	float, err := octet.Open(demoPath)
	if err != nil {
		t.Fatal(err)
	}
	inputs = func(yield func(*tensor.Tensor, error) bool) { // two batches of 32
		n := 0
		for x, err := range octet.Inputs(t.Context(), float, "cmd/octet/demodata/calibration-images-idx3-ubyte.gz") {
			if n++; n > 2 || !yield(x, err) {
				return
			}
		}
	}
	int8, _, err = octet.Quantize(t.Context(), float, inputs, octet.WithQConfig("torchvision"), octet.WithLimit(32))
	if err != nil {
		t.Fatal(err)
	}
	return float, int8, inputs
}

func TestCompare(t *testing.T) {
	float, int8, inputs := openDemo(t)
	c, err := octet.Compare(t.Context(), float, int8, inputs, octet.WithThreads(1))
	if err != nil {
		t.Fatal(err)
	}
	if c.Outputs.Inputs != 64 || c.Outputs.Agreement < 95 || c.Outputs.SQNR < 20 || c.Outputs.Accuracy != nil || len(c.Layers) != 18 {
		t.Errorf("%+v, %d layers", c.Outputs, len(c.Layers))
	}
	for _, x := range c.Outputs.Changed {
		if x.Input == "" || x.Want == x.Got {
			t.Errorf("%+v", x)
		}
	}
	last := c.Layers[len(c.Layers)-1]
	if math.Abs(float64(last.Accumulated-c.Outputs.SQNR)) > 6 { // of 16 inputs, and of all
		t.Errorf("the last layer is at %v, the logits at %v", last.Accumulated, c.Outputs.SQNR)
	}
	same, err := octet.Compare(t.Context(), int8, int8, inputs)
	if err != nil || same.Outputs.Equal != 100 || same.Outputs.SQNR.Known() {
		t.Errorf("compared with itself: %+v, %v", same, err)
	}
}

func TestCompareRefuses(t *testing.T) {
	float, int8, inputs := openDemo(t)
	if _, err := octet.Compare(t.Context(), float, int8, func(func(*tensor.Tensor, error) bool) {}); err == nil || !strings.Contains(err.Error(), "no inputs") {
		t.Errorf("error %v", err)
	}
	if _, err := octet.Compare(t.Context(), float, int8, octet.FromTensor(tensor.New(tensor.Float32, 1, 3, 28, 28))); err == nil || !strings.Contains(err.Error(), "[N, 1, H, W]") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := octet.Compare(ctx, float, int8, inputs); err == nil {
		t.Error("a cancelled comparison goes on")
	}
}

// A model opened for another backend knows which one it was made for, and says what
// that means.
func TestMadeFor(t *testing.T) {
	float, int8, inputs := openDemo(t)
	if float.MadeFor() != "" || int8.MadeFor() != "fbgemm" {
		t.Errorf("made for %q and %q", float.MadeFor(), int8.MadeFor())
	}
	path := filepath.Join(t.TempDir(), "int8.pth")
	if err := int8.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	other, err := octet.Open(path, octet.WithBackend("qnnpack"))
	if err != nil {
		t.Fatal(err)
	}
	notice := said(other)
	if other.Backend() != "qnnpack" || other.MadeFor() != "fbgemm" || !strings.Contains(notice, "made for fbgemm") || !strings.Contains(notice, "quantized for qnnpack") {
		t.Errorf("%s, made for %s: %s", other.Backend(), other.MadeFor(), notice)
	}
	c, err := octet.Compare(t.Context(), int8, other, inputs)
	if err != nil || c.Outputs.Equal > 99 || c.Outputs.Agreement < 95 {
		t.Errorf("%+v, %v", c, err)
	}
	for name, opts := range map[string][]octet.OpenOption{
		"own":   nil,
		"told":  {octet.WithBackend("fbgemm")},
		"alias": {octet.WithBackend("x86")},
		"known": {octet.WithMadeFor("qnnpack")}, // the file's own record counts
	} {
		m, err := octet.Open(path, opts...)
		if err != nil || m.Backend() != "fbgemm" || m.MadeFor() != "fbgemm" || len(m.Assumptions()) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A foreign file does not say what it was made for; whoever knows it tells.
func TestWithMadeFor(t *testing.T) {
	_, int8, _ := openDemo(t)
	path := filepath.Join(t.TempDir(), "bare.pth")
	if err := torch.Save(path, stateOf(t, int8)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		opts             []octet.OpenOption
		backend, madeFor octet.Backend
		notice           bool
	}{
		{nil, "fbgemm", "fbgemm", false},
		{[]octet.OpenOption{octet.WithMadeFor("onednn")}, "onednn", "onednn", false},
		{[]octet.OpenOption{octet.WithMadeFor("onednn"), octet.WithBackend("fbgemm")}, "fbgemm", "onednn", true},
		{[]octet.OpenOption{octet.WithBackend("qnnpack")}, "qnnpack", "qnnpack", false},
	} {
		m, err := octet.Open(path, c.opts...)
		if err != nil {
			t.Fatal(err)
		}
		if notice := strings.Contains(said(m), "as told"); m.Backend() != c.backend || m.MadeFor() != c.madeFor || notice != c.notice {
			t.Errorf("%s, made for %s, %q; want %+v", m.Backend(), m.MadeFor(), m.Assumptions(), c)
		}
	}
	if _, err := octet.Open(path, octet.WithMadeFor("cuda")); err == nil || !strings.Contains(err.Error(), "cuda") {
		t.Errorf("error %v", err)
	}
	// A float file takes no notice.
	if m, err := octet.Open(demoPath, octet.WithMadeFor("qnnpack")); err != nil || m.Backend() != "" || m.MadeFor() != "" {
		t.Errorf("%v", err)
	}
}

// How much of a float model's answers an int8 one keeps, and which layer loses most.
func ExampleCompare() {
	ctx := context.Background()
	float, err := octet.Open("cmd/octet/demodata/fashion_resnet8.pth")
	if err != nil {
		log.Fatal(err)
	}
	images := octet.Inputs(ctx, float, "cmd/octet/demodata/calibration-images-idx3-ubyte.gz")
	int8, _, err := octet.Quantize(ctx, float, images, octet.WithLimit(64))
	if err != nil {
		log.Fatal(err)
	}
	c, err := octet.Compare(ctx, float, int8, images)
	if err != nil {
		log.Fatal(err)
	}
	worst := c.Layers[0]
	for _, l := range c.Layers {
		if l.Introduced < worst.Introduced {
			worst = l
		}
	}
	fmt.Printf("%.0f %% of the answers are the same; %s adds most noise\n", c.Outputs.Agreement, worst.Node)
	// Output: 99 % of the answers are the same; layer3.0.downsample.0 adds most noise
}
