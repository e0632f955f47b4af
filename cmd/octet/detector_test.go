package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

func normal(r *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(r.NormFloat64())
	}
	return values
}

// pixelsFront is what models have that take images as they are decoded: uint8 [n, 16, 16, 3]. Its
// result is "images", float32 [n, 3, 16, 16].
func pixelsFront() []onnxtest.Part {
	return []onnxtest.Part{
		onnxtest.Input("pixels", onnxtest.UInt8, "n", 16, 16, 3),
		onnxtest.Node("Transpose", []string{"pixels"}, []string{"planes"}, onnxtest.AttrInts("perm", 0, 3, 1, 2)),
		onnxtest.Node("Cast", []string{"planes"}, []string{"numbers"}, onnxtest.AttrInt("to", onnxtest.Float32)),
		onnxtest.Floats("levels", nil, 255),
		onnxtest.Node("Div", []string{"numbers", "levels"}, []string{"images"}),
	}
}

// detector writes a network with what detectors have and classifiers lack: it takes pixels, splits
// channels, computes a shape from that of its input, and has two outputs, one of whole numbers.
func detector(t *testing.T) string {
	t.Helper()
	r := testseed.Rand(t)
	parts := append(pixelsFront(),
		onnxtest.Floats("stem.weight", []int64{8, 3, 3, 3}, normal(r, 8*3*9)...),
		onnxtest.Node("Conv", []string{"images", "stem.weight"}, []string{"stem"}, onnxtest.AttrInts("pads", 1, 1, 1, 1)),
		onnxtest.Node("Relu", []string{"stem"}, []string{"features"}),
		onnxtest.Node("Split", []string{"features"}, []string{"left", "right"}, onnxtest.AttrInt("axis", 1)),
		onnxtest.Floats("branch.weight", []int64{4, 4, 3, 3}, normal(r, 4*4*9)...),
		onnxtest.Node("Conv", []string{"right", "branch.weight"}, []string{"branch"}, onnxtest.AttrInts("pads", 1, 1, 1, 1)),
		onnxtest.Node("Concat", []string{"left", "branch"}, []string{"joined"}, onnxtest.AttrInt("axis", 1)),
		onnxtest.Floats("head.weight", []int64{6, 8, 1, 1}, normal(r, 6*8)...),
		onnxtest.Node("Conv", []string{"joined", "head.weight"}, []string{"head"}),
		onnxtest.Node("Shape", []string{"pixels"}, []string{"size"}),
		onnxtest.Ints("first", []int64{1}, 0),
		onnxtest.Node("Gather", []string{"size", "first"}, []string{"n"}),
		onnxtest.Ints("rest", []int64{2}, 6, -1),
		onnxtest.Node("Concat", []string{"n", "rest"}, []string{"form"}, onnxtest.AttrInt("axis", 0)),
		onnxtest.Node("Reshape", []string{"head", "form"}, []string{"boxes"}),
		onnxtest.Node("ArgMax", []string{"boxes"}, []string{"best"}, onnxtest.AttrInt("axis", 1), onnxtest.AttrInt("keepdims", 0)),
		onnxtest.Output("boxes", onnxtest.Float32, "n", 6, 256), onnxtest.Output("best", onnxtest.Int64, "n", 256))
	return writeONNX(t, "detector.onnx", parts)
}

func writeONNX(t *testing.T, name string, parts []onnxtest.Part) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, onnxtest.Model(parts...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDetector: a network that takes pixels, and is no classifier, is quantized, run, compared and
// measured on images.
func TestDetector(t *testing.T) {
	float, images := detector(t), photos(t, 5)
	int8, y := filepath.Join(t.TempDir(), "int8.onnx"), filepath.Join(t.TempDir(), "y.npz")
	r := octetCommand(t, "quantize", float, "--calibration", images, "--output", int8).must(t)
	r.says(t, "resize 16x16", "pixels from 0 to 255, channels last")
	octetCommand(t, "run", int8, images, "--batch-size", "2", "--output", y).must(t)
	outputs, err := npy.ReadNPZ(y)
	if err != nil {
		t.Fatal(err)
	}
	if boxes, best := outputs.Arrays["boxes"], outputs.Arrays["best"]; !boxes.Shape().Equal(tensor.Shape{5, 6, 256}) || !best.Shape().Equal(tensor.Shape{5, 256}) {
		t.Errorf("outputs are %v and %v", boxes, best)
	}
	if r = octetCommand(t, "run", float, images).must(t); !strings.Contains(r.out, "boxes      float32[5, 6, 256]") {
		t.Errorf("the outputs:\n%s", r.out)
	}
	octetCommand(t, "run", float, images, "--output", "y.npy").fails(t, exit.Usage, "2 outputs", ".npz")
	octetCommand(t, "compare", float, "--calibration", images).must(t)
	octetCommand(t, "compare", float, int8, "--inputs", images).must(t)
	octetCommand(t, "compare", float, int8).must(t) // on random pixels
	octetCommand(t, "bench", "--runs", "1", int8).must(t)
}

// TestPixelClassifier: a file that takes pixels is measured on labelled images.
func TestPixelClassifier(t *testing.T) {
	r := testseed.Rand(t)
	path := writeONNX(t, "classifier.onnx", append(pixelsFront(),
		onnxtest.Floats("weight", []int64{2, 3, 16, 16}, normal(r, 2*3*256)...),
		onnxtest.Node("Conv", []string{"images", "weight"}, []string{"logits4"}),
		onnxtest.Node("Flatten", []string{"logits4"}, []string{"logits"}),
		onnxtest.Output("logits", onnxtest.Float32, "n", 2)))
	data := filepath.Join(t.TempDir(), "data")
	for i, class := range []string{"0", "1", "0", "1"} {
		store(t, filepath.Join(data, class, string(rune('a'+i))+".pgm"), greyImage(i))
	}
	octetCommand(t, "eval", path, data).must(t)
	octetCommand(t, "eval", path, data, "--mean", "0.5", "--std", "0.5").fails(t, exit.Usage, "takes pixels and normalises them itself")
}

// A network that reads lines gives a row of numbers for each place, which are no classes of images.
func TestRowsThatAreNoInputs(t *testing.T) {
	r := testseed.Rand(t)
	path := writeONNX(t, "lines.onnx", []onnxtest.Part{
		onnxtest.Input("x", onnxtest.Float32, 1, 3, 8, 8),
		onnxtest.Floats("weight", []int64{4, 3, 8, 3}, normal(r, 4*3*8*3)...),
		onnxtest.Node("Conv", []string{"x", "weight"}, []string{"maps"}), // [1, 4, 1, 6]
		onnxtest.Ints("form", []int64{2}, 4, 6),
		onnxtest.Node("Reshape", []string{"maps", "form"}, []string{"columns"}),
		onnxtest.Node("Transpose", []string{"columns"}, []string{"places"}),
		onnxtest.Output("places", onnxtest.Float32, 6, 4),
	})
	r1 := octetCommand(t, "run", path, photos(t, 1), "--resize", "8,8", "--crop", "0").must(t)
	if !strings.Contains(r1.out, "places     float32[6, 4]") {
		t.Errorf("the output:\n%s", r1.out)
	}
}

// A network whose file fixes the batch is given as many inputs at a time.
func TestFixedBatch(t *testing.T) {
	r := testseed.Rand(t)
	path := writeONNX(t, "fixed.onnx", []onnxtest.Part{
		onnxtest.Input("x", onnxtest.Float32, 1, 3, 8, 8),
		onnxtest.Floats("weight", []int64{4, 3, 3, 3}, normal(r, 4*27)...),
		onnxtest.Node("Conv", []string{"x", "weight"}, []string{"maps"}),
		onnxtest.Node("Transpose", []string{"maps"}, []string{"steps"}, onnxtest.AttrInts("perm", 3, 0, 1, 2)),
		onnxtest.Output("steps", onnxtest.Float32, 6, 1, 4, 6),
	})
	images := photos(t, 3)
	octetCommand(t, "compare", path, "--calibration", images, "--resize", "8,8", "--crop", "0").must(t)
	octetCommand(t, "run", path, images, "--resize", "8,8", "--crop", "0").fails(t, exit.Data, "steps", "run one at a time")
}
