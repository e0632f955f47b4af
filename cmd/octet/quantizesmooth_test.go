package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// normFile writes a model of a norm and a linear layer, and data for it.
func normFile(t *testing.T) (model, data string) {
	t.Helper()
	const width = 16
	numbers := func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(i*7%11-5) / 4
		}
		return x
	}
	g := graph.New("norm")
	norm := g.AddNode("norm", op.LayerNorm{Axis: -1, Eps: 1e-5}, g.AddInput("x", graph.Float32), g.AddConst("gamma", numbers(width)), g.AddConst("beta", numbers(width)))
	g.Outputs = []*graph.Value{g.AddNode("fc", op.Linear{}, norm, g.AddConst("w", numbers(5, width)))}
	file, err := onnx.Marshal(g, onnx.Export{Inputs: []onnx.Port{{Sizes: []int{0, 3, width}, Names: []string{"n", "", ""}}}})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	model, data = filepath.Join(folder, "norm.onnx"), filepath.Join(folder, "x.npy")
	if err := os.WriteFile(model, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := npy.WriteFile(data, numbers(6, 3, width)); err != nil {
		t.Fatal(err)
	}
	return model, data
}

// --smooth says what it did, goes on with statistics of the same data and share, and is refused where
// there is not all of the data.
func TestQuantizeSmooth(t *testing.T) {
	model, data := normFile(t)
	out, stats := filepath.Join(t.TempDir(), "int8.onnx"), filepath.Join(t.TempDir(), "stats.json")
	with := func(flags ...string) result {
		return octetCommand(t, append([]string{"quantize", model, "--calibration", "x=" + data, "-o", out}, flags...)...)
	}
	made := with("--smooth", "0.5", "--stats", stats)
	made.must(t)
	if !strings.Contains(made.out, "1 linear layers behind 1 norms, by 0.5") {
		t.Errorf("it says\n%s", made.out)
	}
	again := with("--smooth", "0.5", "--stats", stats, "--json")
	again.must(t)
	if !strings.Contains(again.out, `"alpha": 0.5`) {
		t.Errorf("--json writes\n%s", again.out)
	}
	with("--smooth", "0.7", "--stats", stats).fails(t, exit.Data, "calibrate again")
	with("--smooth", "2").fails(t, exit.Usage, "from 0 to 1")
	with("--smooth", "much").fails(t, exit.Usage, "from 0 to 1")
	octetCommand(t, "quantize", model, "--dynamic", "--smooth", "0.5", "-o", out).fails(t, exit.Usage, "leave out --smooth")
	octetCommand(t, "quantize", model, "--calibration", data, "--shard", "1/2", "--stats", stats, "--smooth", "0.5").fails(t, exit.Usage, "leave out --smooth")
	octetCommand(t, "quantize", "demodata/fashion_resnet8.pth", "--calibration", "demodata/calibration-images-idx3-ubyte.gz", "--limit", "4", "--smooth", "0.5", "-o", out).fails(t, exit.Usage, "nothing to smooth")
}
