package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

const (
	floatONNX = "../../testdata/onnx/float.onnx" // float32[batch, 3, 19, 23]
	int8ONNX  = "../../testdata/onnx/qdq_u8s8_channel.onnx"
)

// inputsOfONNX are a file of inputs for floatONNX.
func inputsOfONNX(t *testing.T) string {
	t.Helper()
	r, x := testseed.Rand(t), tensor.New(tensor.Float32, 12, 3, 19, 23)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := npy.WriteFile(path, x); err != nil {
		t.Fatal(err)
	}
	return path
}

// A model with a graph of its own has no architecture: reports name its file, and commands that
// they propose write a file of its kind.
func TestAdviceOnONNX(t *testing.T) {
	x, int8 := inputsOfONNX(t), filepath.Join(t.TempDir(), "int8.onnx")
	r := octetCommand(t, "advise", floatONNX, "--calibration", x, "--max-drop", "100", "--output", int8).must(t)
	if !strings.HasPrefix(r.out, "float.onnx, ") || !strings.Contains(r.out, "--output INT8.onnx") || strings.Contains(r.out, ".pth") || strings.Contains(r.out, "--arch") {
		t.Errorf("the advice:\n%s", r.out)
	}
	octetCommand(t, "inspect", int8).must(t)
	octetCommand(t, "advise", floatONNX, "--calibration", x, "--output", "int8.pth").fails(t, exit.Usage, "name FILE.onnx")
}

// An int8 file that another tool has made is compared with the float file, although its nodes
// have other names.
func TestCompareONNXOfAnotherTool(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	r := octetCommand(t, "compare", floatONNX, int8ONNX, "--inputs", inputsOfONNX(t), "--html", page).must(t)
	if !strings.HasPrefix(r.out, "float.onnx, compared on 12") || !strings.Contains(r.out, "layers of qdq_u8s8_channel.onnx that add most noise") {
		t.Errorf("the comparison:\n%s", r.out)
	}
	if doc := octetCommand(t, "compare", floatONNX, int8ONNX, "--inputs", inputsOfONNX(t), "--json").must(t).out; !strings.Contains(doc, `"/pointwise/Conv_output_0"`) {
		t.Errorf("the document does not compare the layer /pointwise:\n%s", doc)
	}
	r.says(t, "layers to keep in float are not looked for: qdq_u8s8_channel.onnx has other nodes")
	html, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(html), "float.onnx: 2 variants side by side") {
		t.Errorf("the page does not name the file; %v", err)
	}
}

// bench measures the sizes that the file or --shape fixes, also in fresh processes, and no others.
func TestBenchOfONNX(t *testing.T) {
	bench := func(args ...string) result {
		return octetCommand(t, append([]string{"bench", "--runs", "1", "--threads", "1", "--json"}, args...)...)
	}
	var out benchOutput
	for _, c := range []struct {
		args []string
		want []int
	}{
		{[]string{floatONNX}, []int{1, 3, 19, 23}}, {[]string{floatONNX, "--batch", "3"}, []int{3, 3, 19, 23}},
		{[]string{floatONNX, "--shape", "batch=2"}, []int{2, 3, 19, 23}},
	} {
		bench(c.args...).must(t).decode(t, &out)
		if !slices.Equal(out.Input, c.want) || out.Startup <= 0 {
			t.Errorf("bench %q measures %v, in a fresh process for %v ms; %v is expected", c.args, out.Input, out.Startup, c.want)
		}
	}
	if r := octetCommand(t, "bench", "--runs", "1", floatONNX).must(t); !strings.HasPrefix(r.out, floatONNX+": float, input") {
		t.Errorf("the first line:\n%s", r.out)
	}
	bench(floatONNX, "--size", "20,20").fails(t, exit.Usage, "[1, 3, 20, 20]", "float32[batch, 3, 19, 23] x")
	bench(floatONNX, "--shape", "batch=2", "--batch", "3").fails(t, exit.Usage, "[3, 3, 19, 23]", "float32[2, 3, 19, 23] x")
}

// A model that takes no images is named with what it takes.
func TestONNXThatTakesNoImages(t *testing.T) {
	file := onnxtest.Model(onnxtest.Node("Add", []string{"a", "b"}, []string{"y"}),
		onnxtest.Input("a", onnxtest.Int64, "n", 4), onnxtest.Input("b", onnxtest.Int64, "n", 4), onnxtest.Output("y", onnxtest.Int64, "n", 4))
	path, x := filepath.Join(t.TempDir(), "sum.onnx"), inputsOfONNX(t)
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"eval", path, x}, {"advise", path, "--calibration", x}, {"compare", path, path, "--inputs", x}} {
		octetCommand(t, args...).fails(t, exit.Model, "int64[n, 4] a", "one input of float32 or uint8, [N, C, H, W] or [N, H, W, C], is expected")
	}
	octetCommand(t, "compare", path, path).fails(t, exit.Data, "none of them has real numbers to compare")
}

// bench draws inputs that are no images: rows of the tables that they index, and ones as a mask.
// What the file leaves open, --shape or --batch gives.
func TestBenchOfTokens(t *testing.T) {
	file := onnxtest.Model(onnxtest.Floats("table", []int64{3, 2}, 1, 2, 3, 4, 5, 6), // a greater id would be an error
		onnxtest.Node("Gather", []string{"table", "ids"}, []string{"embedded"}),
		onnxtest.Node("Cast", []string{"mask"}, []string{"kept"}, onnxtest.AttrInt("to", onnxtest.Float32)),
		onnxtest.Node("Add", []string{"embedded", "kept"}, []string{"y"}),
		onnxtest.Input("ids", onnxtest.Int64, "n", "seq"), onnxtest.Input("mask", onnxtest.Int64, 1),
		onnxtest.Output("y", onnxtest.Float32, "n", "seq", 2))
	path := filepath.Join(t.TempDir(), "tokens.onnx")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	bench := func(args ...string) result {
		return octetCommand(t, append([]string{"bench", path, "--runs", "1", "--threads", "1"}, args...)...)
	}
	var out benchOutput
	bench("--shape", "n=4", "--shape", "seq=9", "--json").must(t).decode(t, &out)
	if len(out.Inputs) != 2 || out.Inputs[0].Name != "ids" || !slices.Equal(out.Inputs[0].Shape, []int{4, 9}) || !slices.Equal(out.Inputs[1].Shape, []int{1}) {
		t.Errorf("bench measures %v", out.Inputs)
	}
	if r := bench("--shape", "n=1", "--shape", "seq=9").must(t); !strings.Contains(r.out, "inputs ids [1, 9] mask [1], threads 1") {
		t.Errorf("the first line:\n%s", r.out)
	}
	bench("--shape", "n=1").fails(t, exit.Usage, "int64[1, seq] ids", "--shape ids=SIZES")
	bench("--shape", "ids=2,3", "--batch", "3").fails(t, exit.Usage, "--batch 3", "int64[2, 3] ids")
	bench("--shape", "ids=2,3", "--size", "8,8").fails(t, exit.Usage, "--input and --size are for models that take images")
}
