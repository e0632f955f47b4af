package octet_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// dynamicFiles are those of tools/golden/quantizedynamic.py.
func dynamicFiles(t *testing.T) map[string][]byte {
	t.Helper()
	return zipped(t, "testdata/dynamic.zip")
}

func programOf(t *testing.T, data []byte, name string) *octet.Model {
	t.Helper()
	f, err := pt2.Read(bytes.NewReader(data), int64(len(data)), name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := octet.OpenPT2(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func runOf(t *testing.T, m *octet.Model, x *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	y, err := s.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// A program of linear layers, quantized for a preset of PyTorch's, gives the bits of its
// quantize_dynamic, also when it is read back from an ONNX file.
func TestQuantizeDynamicIsPyTorchs(t *testing.T) {
	files := dynamicFiles(t)
	x := arrayOf(t, files["layers_x.npy"])
	m := programOf(t, files["layers.pt2"], "layers.pt2")
	for _, backend := range []octet.Backend{octet.FBGEMM, octet.QNNPACK} {
		int8, report, err := octet.QuantizeDynamic(m, octet.WithBackend(backend))
		if err != nil {
			t.Fatal(err)
		}
		want := arrayOf(t, files["layers_"+string(backend)+".npy"])
		if y := runOf(t, int8, x); !bytes.Equal(y.Bytes(), want.Bytes()) {
			t.Errorf("%s: %v, PyTorch has %v", backend, y, want)
		}
		if r := int8.Metadata().Calibration; !r.Dynamic || r.QConfigName != "default_dynamic_qconfig" || int8.Backend() != backend || report.Numerics.String() != string(backend) {
			t.Errorf("%s: %+v, %s", backend, r, int8.Backend())
		}
		path := filepath.Join(t.TempDir(), "int8.onnx")
		if _, err := int8.SaveONNX(context.Background(), path); err != nil {
			t.Fatal(err)
		}
		back, err := octet.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if y := runOf(t, back, x); !bytes.Equal(y.Bytes(), want.Bytes()) || back.Backend() != backend {
			t.Errorf("%s, read back: %v under %s, PyTorch has %v", backend, y, back.Backend(), want)
		}
	}
}

// Without a backend a model with a graph of its own has a range for each row of what linear layers
// read, also when it is read back.
func TestQuantizeDynamicOfAGraph(t *testing.T) {
	files := dynamicFiles(t)
	x := arrayOf(t, files["layers_x.npy"])
	m := programOf(t, files["layers.pt2"], "layers.pt2")
	int8, report, err := octet.QuantizeDynamic(m)
	if err != nil {
		t.Fatal(err)
	}
	if int8.Backend() != octet.ONNX || report.QConfig.Weight.QScheme != quant.PerChannelSymmetric {
		t.Errorf("made for %s with %+v", int8.Backend(), report.QConfig.Weight)
	}
	if !int8.Metadata().Calibration.ByRow {
		t.Error("its ranges are not those of rows")
	}
	y, float := runOf(t, int8, x), arrayOf(t, files["layers_float.npy"])
	same(t, y, float, 0.02)
	path := filepath.Join(t.TempDir(), "int8.onnx")
	out, err := int8.SaveONNX(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if out.Difference != 0 {
		t.Errorf("read back, it differs by %v", out.Difference)
	}
	back, err := octet.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if again := runOf(t, back, x); !bytes.Equal(again.Bytes(), y.Bytes()) {
		t.Errorf("read back it gives %v, not %v", again, y)
	}
	for _, kind := range []string{"dynamic_quantize", "dynamic_linear"} {
		if want, got := kindsOf(int8)[kind], kindsOf(back)[kind]; want == 0 || got != want {
			t.Errorf("read back, it has %d nodes %s, not %d", got, kind, want)
		}
	}
	theirs, _, err := octet.QuantizeDynamic(m, octet.WithBackend(octet.ONNX))
	if err != nil {
		t.Fatal(err)
	}
	if theirs.Metadata().Calibration.ByRow || bytes.Equal(runOf(t, theirs, x).Bytes(), y.Bytes()) {
		t.Error("for ONNX Runtime its ranges are those of rows, too")
	}
	if _, _, err := octet.QuantizeDynamic(int8); err == nil {
		t.Error("an int8 model is quantized again")
	}
	if _, _, err := octet.QuantizeDynamic(m, octet.WithBackend("gpu")); !errors.Is(err, octet.ErrRecipe) {
		t.Errorf("an unknown backend: %v", err)
	}
	if _, _, err := octet.QuantizeDynamic(m, octet.WithExclude("fc")); !errors.Is(err, octet.ErrRecipe) {
		t.Errorf("an exclusion of nothing: %v", err)
	}
}

// kindsOf counts the operators of a model.
func kindsOf(m *octet.Model) map[string]int {
	kinds := map[string]int{}
	for _, n := range m.Graph().Nodes {
		kinds[n.Op.Kind()]++
	}
	return kinds
}

// A state dict that PyTorch quantized dynamically takes the graph of its float program, and gives
// PyTorch's bits; of recurrences nearly, whose sigmoid and tanh are octet's. Dynamic GRUs are written
// as functions that ONNX Runtime computes.
func TestDynamicStateDictsOverAGraph(t *testing.T) {
	files := dynamicFiles(t)
	folder := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	for name, within := range map[string]float64{"layers": 0, "lstm": 1e-5, "gru": 1e-5, "grus": 1e-5} {
		x := arrayOf(t, files[name+"_x.npy"])
		for _, backend := range []octet.Backend{octet.FBGEMM, octet.QNNPACK} {
			file := name + "_" + string(backend)
			m, err := octet.Open(at(file+".pth"), octet.WithGraphOf(at(name+".pt2")), octet.WithBackend(backend))
			if err != nil {
				t.Fatal(err)
			}
			y, want := runOf(t, m, x), arrayOf(t, files[file+".npy"])
			if within == 0 && !bytes.Equal(y.Bytes(), want.Bytes()) {
				t.Errorf("%s: %v, PyTorch has %v", file, y, want)
			}
			same(t, y, want, within)
			float, err := octet.Open(at(name+".pth"), octet.WithGraphOf(at(name+".pt2")))
			if err != nil {
				t.Fatal(err)
			}
			made, _, err := octet.QuantizeDynamic(float, octet.WithBackend(backend))
			if err != nil {
				t.Fatal(err)
			}
			if again := runOf(t, made, x); !bytes.Equal(again.Bytes(), y.Bytes()) {
				t.Errorf("%s: quantized here it gives %v, from the file %v", file, again, y)
			}
			out := at(file + ".onnx")
			if _, err := m.SaveONNX(context.Background(), out); err != nil {
				t.Fatal(err)
			}
			back, err := octet.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			if again := runOf(t, back, x); !bytes.Equal(again.Bytes(), y.Bytes()) {
				t.Errorf("%s: from the ONNX file %v, not %v", file, again, y)
			}
		}
	}
	gru, err := octet.Open(at("grus_int8.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if n := kindsOf(gru)["dynamic_gru"]; n != 2 {
		t.Errorf("its directions are %d dynamic GRUs", n)
	}
	same(t, runOf(t, gru, arrayOf(t, files["grus_x.npy"])), arrayOf(t, files["grus_ort.npy"]), 1e-6)
	m, err := octet.Open(at("layers_qnnpack.pth"), octet.WithGraphOf(at("layers.pt2")))
	if err != nil {
		t.Fatal(err)
	}
	if a := m.Assumptions(); m.Backend() != octet.FBGEMM || len(a) != 1 || a[0].Kind != octet.AssumedNumerics {
		t.Errorf("%s: %v", m.Backend(), a)
	}
	if _, err := octet.Open(at("layers_fbgemm.pth"), octet.WithGraphOf(at("lstm.pt2"))); err == nil {
		t.Error("the graph of another network is taken")
	}
	if gru, err = octet.Open(at("gru.pth"), octet.WithGraphOf(at("gru.pt2"))); err != nil {
		t.Fatal(err)
	}
	made, _, err := octet.QuantizeDynamic(gru)
	if err != nil {
		t.Fatal(err)
	}
	same(t, runOf(t, made, arrayOf(t, files["gru_x.npy"])), arrayOf(t, files["gru_float.npy"]), 0.02)
}
