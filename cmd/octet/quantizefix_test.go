package main

import (
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// picturesAndOneBroken is a folder of n pictures that can be read, and one that cannot.
func picturesAndOneBroken(t *testing.T, n int) string {
	t.Helper()
	r, folder := testseed.Rand(t), t.TempDir()
	for i := range n {
		img := image.NewGray(image.Rect(0, 0, 28, 28))
		for k := range img.Pix {
			img.Pix[k] = byte(r.Uint32())
		}
		f, err := os.Create(filepath.Join(folder, strconv.Itoa(i)+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "z.png"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

// --fix works on the state dict of an architecture, and what calibration could not read is
// told all the same.
func TestFixOfAStateDict(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	pictures := picturesAndOneBroken(t, 6)
	var out quantizeOutput
	octetCommand(t, "quantize", model, "--calibration", pictures, "--fix", "60dB", "-o", filepath.Join(folder, "int8.pth"), "--json").must(t).decode(t, &out)
	if out.Fixed == nil || len(out.Fixed.Steps) == 0 || out.Fixed.Target != 60 {
		t.Errorf("--fix 60dB found %+v", out.Fixed)
	}
	if len(out.Skipped) != 1 || filepath.Base(out.Skipped[0]) != "z.png" {
		t.Errorf("skipped are %q", out.Skipped)
	}
}

// Pictures that cannot be read are no inputs on which layers saturate.
func TestCheckSaturationCountsWhatItComputes(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	pictures, int8 := picturesAndOneBroken(t, 5), filepath.Join(folder, "int8.pth")
	octetCommand(t, "quantize", model, "--calibration", pictures, "-o", int8).must(t)
	var out saturationOutput
	octetCommand(t, "check-saturation", int8, "--data", pictures, "--json").must(t).decode(t, &out)
	if out.Inputs != 5 {
		t.Errorf("%d inputs, not 5", out.Inputs)
	}
}

// An input on which a shape depends becomes a constant, also where only a run finds that out.
func TestQuantizeBindsWhatShapesDependOn(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	weight := make([]float32, 6*4)
	for i := range weight {
		weight[i] = float32(i%5) - 2
	}
	file := onnxtest.Model(
		onnxtest.Node("Reshape", []string{"x", "s"}, []string{"r"}),
		onnxtest.Node("MatMul", []string{"r", "w"}, []string{"y"}),
		onnxtest.Floats("w", []int64{6, 4}, weight...),
		onnxtest.Input("x", onnxtest.Float32, "n", 12), onnxtest.Input("s", onnxtest.Int64, 2), onnxtest.Output("y", onnxtest.Float32, "m", 4),
	)
	if err := os.WriteFile(at("m.onnx"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 3, 12)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i%7) / 3
	}
	s := tensor.New(tensor.Int64, 3, 2)
	for i := range 3 {
		s.Int64s()[2*i], s.Int64s()[2*i+1] = -1, 6
	}
	for name, a := range map[string]*tensor.Tensor{"x.npy": x, "s.npy": s} {
		if err := npy.WriteFile(at(name), a); err != nil {
			t.Fatal(err)
		}
	}
	octetCommand(t, "quantize", at("m.onnx"), "--calibration", "x="+at("x.npy"), "--calibration", "s="+at("s.npy"), "-o", at("int8.onnx")).must(t)
	octetCommand(t, "run", at("int8.onnx"), "--input", at("x.npy"), "-o", at("y.npy")).must(t)
	y, err := npy.ReadFile(at("y.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{6, 4}; !slices.Equal([]int(y.Shape()), want) {
		t.Errorf("the output is %v, not %v", y, want)
	}
}

// Interrupted, --fix writes the best model so far, says so, and is no failure.
func TestFixInterrupted(t *testing.T) {
	defer func(d time.Duration) { console.LineEvery = d }(console.LineEvery)
	console.LineEvery = 0 // a line per layer
	folder, model, calibration, _ := demoFolder(t)
	out := filepath.Join(folder, "int8.pth")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &cancelWriter{when: "fix: 2/", cancel: cancel}
	args := []string{"quantize", model, "--calibration", calibration, "--limit", "16", "--threads", "1", "--fix", "150dB", "-o", out}
	if code := run(ctx, args, strings.NewReader(""), w, w); code != exit.OK {
		t.Fatalf("exit code %d:\n%s", code, w.b.String())
	}
	for _, part := range []string{"--fix was interrupted: the model is the best so far", "--fix 150dB is not reached", "as it was"} {
		if !strings.Contains(w.b.String(), part) {
			t.Errorf("%q is not said:\n%s", part, w.b.String())
		}
	}
	octetCommand(t, "inspect", out).must(t)
}

// An ONNX model whose codes lose what the output is made of is repaired, and the user told; with
// --fix off, or a recipe of one's own, it stays as it was made.
func TestQuantizeRepairsWhatIsRuined(t *testing.T) {
	folder, r := t.TempDir(), testseed.Rand(t)
	at := func(name string) string { return filepath.Join(folder, name) }
	// The first channel is thousands of times as large as the others, and does not reach the output.
	const n = 8
	in, out := make([]float32, n*n), make([]float32, n*n)
	for i := range n {
		in[i*n+i] = 1
		for k := range n {
			if i > 0 {
				out[i*n+k] = 2*r.Float32() - 1
			}
		}
	}
	in[0] = 4000
	file := onnxtest.Model(
		onnxtest.Node("MatMul", []string{"x", "in"}, []string{"h"}),
		onnxtest.Node("MatMul", []string{"h", "out"}, []string{"y"}),
		onnxtest.Floats("in", []int64{n, n}, in...), onnxtest.Floats("out", []int64{n, n}, out...),
		onnxtest.Input("x", onnxtest.Float32, "n", n), onnxtest.Output("y", onnxtest.Float32, "n", n),
	)
	if err := os.WriteFile(at("m.onnx"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 12, n)
	for i := range x.Float32s() {
		x.Float32s()[i] = 2*r.Float32() - 1
	}
	if err := npy.WriteFile(at("x.npy"), x); err != nil {
		t.Fatal(err)
	}
	quantize := func(more ...string) (quantizeOutput, string) {
		var made quantizeOutput
		done := octetCommand(t, append([]string{"quantize", at("m.onnx"), "--calibration", "x=" + at("x.npy"), "-o", at("int8.onnx"), "--json"}, more...)...).must(t)
		done.decode(t, &made)
		return made, done.errOut
	}
	made, said := quantize()
	if made.Fixed == nil || made.Fixed.Best.Layers == 0 || made.Fixed.Steps[0].SQNR > octet.Sound || made.Fixed.Best.Unseen < octet.Repaired {
		t.Errorf("found %+v", made.Fixed)
	}
	if !strings.Contains(said, "layers stay in float") || !strings.Contains(said, "--fix off keeps all") {
		t.Errorf("said %q", said)
	}
	for _, more := range [][]string{{"--fix", "off"}, {"--qconfig", "minmax"}, {"--backend", "fbgemm"}, {"--strict-int8"}} {
		if made, said := quantize(more...); made.Fixed != nil || made.Report.Int8Nodes == 0 || strings.Contains(said, "stay in float, which") {
			t.Errorf("%q: %+v, %q", more, made.Fixed, said)
		}
	}
	in[0] = 1
	file = onnxtest.Model(
		onnxtest.Node("MatMul", []string{"x", "in"}, []string{"y"}),
		onnxtest.Floats("in", []int64{n, n}, in...),
		onnxtest.Input("x", onnxtest.Float32, "n", n), onnxtest.Output("y", onnxtest.Float32, "n", n),
	)
	if err := os.WriteFile(at("m.onnx"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	if made, said := quantize(); made.Fixed == nil || made.Fixed.Target != octet.Sound || len(made.Fixed.Steps) != 1 || strings.Contains(said, "warning") {
		t.Errorf("a sound model: %+v, %q", made.Fixed, said)
	}
}
