package octet_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

const (
	// floatSums is what the order of float32 additions changes.
	floatSums = 1e-6
	// lostOfWeights is what weights of 8 bits cost a small network, relative to its largest output.
	lostOfWeights = 0.02
)

// Files whose weights alone are codes give ONNX Runtime's numbers, and keep their weights in eight
// bits where a linear layer or an embedding reads them.
func TestWeightsOfCodesAreONNXRuntimes(t *testing.T) {
	files := zipped(t, "testdata/weightonly.zip")
	seen := 0
	for name, data := range files {
		if !strings.HasSuffix(name, ".onnx") {
			continue
		}
		seen++
		f, err := onnx.Read(bytes.NewReader(data), int64(len(data)), name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := octet.OpenONNX(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		base := strings.TrimSuffix(name, ".onnx")
		kind := base[strings.IndexByte(base, '.')+1:]
		g := m.Graph()
		if !slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return n.Op.Kind() == kind }) {
			t.Errorf("%s: no node is %s", name, kind)
		}
		for _, p := range g.Params {
			if strings.HasPrefix(kind, "weight_only") && p.Data.Numel() > 1000 && p.Type.DType.Size() != 1 {
				t.Errorf("%s: the weight %s is %v", name, p.Name, p.Type)
			}
		}
		if m.Quantized() != strings.HasPrefix(kind, "weight_only") {
			t.Errorf("%s: quantized %v", name, m.Quantized())
		}
		got, want := runOf(t, m, arrayOf(t, files[base+".x.npy"])), arrayOf(t, files[base+".y.npy"])
		if d := apart(got, want); !got.Shape().Equal(want.Shape()) || d > floatSums {
			t.Errorf("%s: %v differs from %v by %v", name, got, want, d)
		}
	}
	if seen != 10 {
		t.Errorf("%d files", seen)
	}
}

// apart is the largest difference, relative to the largest number wanted.
func apart(got, want *tensor.Tensor) (d float64) {
	most := 0.0
	for i, w := range want.Float32s() {
		d, most = max(d, math.Abs(float64(got.Float32s()[i]-w))), max(most, math.Abs(float64(w)))
	}
	return d / most
}

// A model of which the weights alone are quantized gives the same bits when it is read back.
func TestQuantizeWeightOnly(t *testing.T) {
	files := dynamicFiles(t)
	x := arrayOf(t, files["layers_x.npy"])
	m := programOf(t, files["layers.pt2"], "layers.pt2")
	want := runOf(t, m, x)
	for _, opts := range [][]octet.WeightOnlyOption{{octet.WithPerTensorWeights()}, nil, {octet.WithGroupSize(4)}} {
		int8, report, err := octet.QuantizeWeightOnly(m, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if !int8.Quantized() || !int8.Metadata().Calibration.WeightOnly || m.Quantized() {
			t.Errorf("quantized %v, recipe %+v", int8.Quantized(), int8.Metadata().Calibration)
		}
		if report.Int8Nodes == 0 || report.Int8Bytes >= report.FloatBytes {
			t.Errorf("%d layers, %d of %d bytes", report.Int8Nodes, report.Int8Bytes, report.FloatBytes)
		}
		y := runOf(t, int8, x)
		if lost := apart(y, want); lost > lostOfWeights {
			t.Errorf("the result differs by %v", lost)
		}
		path := filepath.Join(t.TempDir(), "w.onnx")
		if _, err := int8.SaveONNX(context.Background(), path); err != nil {
			t.Fatal(err)
		}
		back, err := octet.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if z := runOf(t, back, x); !slices.Equal(z.Float32s(), y.Float32s()) {
			t.Errorf("read back, it differs by %v", apart(z, y))
		}
		if !back.Quantized() || !slices.ContainsFunc(back.Graph().Nodes, func(n *graph.Node) bool { _, ok := n.Op.(op.WeightOnlyLinear); return ok }) {
			t.Error("read back, it has no weights in codes")
		}
	}
}

func TestQuantizeWeightOnlyRefuses(t *testing.T) {
	m := programOf(t, dynamicFiles(t)["layers.pt2"], "layers.pt2")
	for _, c := range []struct {
		want string
		opts []octet.WeightOnlyOption
	}{
		{"leave out fbgemm", []octet.WeightOnlyOption{octet.WithBackend(octet.FBGEMM)}},
		{"groups of 0 numbers", []octet.WeightOnlyOption{octet.WithGroupSize(0)}},
		{"groups of -3 numbers", []octet.WeightOnlyOption{octet.WithGroupSize(-3)}},
		{"--per-tensor", []octet.WeightOnlyOption{octet.WithGroupSize(8), octet.WithPerTensorWeights()}},
		{"no weight would be quantized", []octet.WeightOnlyOption{octet.WithExclude("*")}},
	} {
		_, _, err := octet.QuantizeWeightOnly(m, c.opts...)
		if err == nil || !errors.Is(err, octet.ErrRecipe) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	int8, _, err := octet.QuantizeWeightOnly(m, octet.WithGroupSize(4))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := int8.SaveONNX(context.Background(), filepath.Join(t.TempDir(), "w.onnx"), octet.WithOpset(17)); err == nil || !strings.Contains(err.Error(), "operator set 21") {
		t.Errorf("blocks in operator set 17: %v", err)
	}
	if _, _, err := octet.QuantizeWeightOnly(int8); err == nil {
		t.Error("quantized twice")
	}
}
