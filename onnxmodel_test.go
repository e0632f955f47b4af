package octet_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// TestModelsOfONNXRuntimesQuantizer: a network in every form that the quantizer writes
// computes on codes, and gives what ONNX Runtime's exact mode gives.
func TestModelsOfONNXRuntimesQuantizer(t *testing.T) {
	files, err := filepath.Glob("testdata/onnx/q*.onnx")
	if err != nil || len(files) != 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	golden, err := npy.ReadNPZ("testdata/onnx/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".onnx")
		t.Run(name, func(t *testing.T) {
			m, err := octet.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if !m.Quantized() || m.Backend() != "onnx" {
				t.Errorf("quantized %v, backend %q", m.Quantized(), m.Backend())
			}
			floats := 0
			for _, n := range m.Graph().Nodes {
				switch n.Op.Kind() {
				case "conv2d", "add", "max_pool2d":
					if !n.Output().Type.DType.IsQuantized() {
						floats++
						t.Errorf("%s (%s) is %v", n.Name, n.Op.Kind(), n.Output().Type)
					}
				}
			}
			s, err := m.Compile()
			if err != nil {
				t.Fatal(err)
			}
			y, err := s.Run(t.Context(), golden.Arrays["x"])
			if err != nil {
				t.Fatal(err)
			}
			same(t, y, golden.Arrays[name], 0)
		})
	}
}

// floatTolerance is what the order of float32 additions may change of outputs of about 1.
const floatTolerance = 1e-5

// TestFloatONNXModel gives what ONNX Runtime gives.
func TestFloatONNXModel(t *testing.T) {
	golden, err := npy.ReadNPZ("testdata/onnx/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	m, err := octet.Open("testdata/onnx/float.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if m.Quantized() || m.Arch() != "" {
		t.Errorf("quantized %v, architecture %q", m.Quantized(), m.Arch())
	}
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	in := s.Inputs()
	if len(in) != 1 || in[0].String() != "float32[batch, 3, 19, 23] x" || in[0].Dims[0] != "batch" {
		t.Errorf("inputs %v, named %v", in, in[0].Dims)
	}
	named, err := s.RunNamed(t.Context(), map[string]*tensor.Tensor{"x": golden.Arrays["x"]})
	if err != nil {
		t.Fatal(err)
	}
	same(t, named["y"], golden.Arrays["float"], floatTolerance)
	for _, c := range []struct {
		in   map[string]*tensor.Tensor
		want string
	}{
		{map[string]*tensor.Tensor{"z": golden.Arrays["x"]}, "input x is missing"},
		{map[string]*tensor.Tensor{"x": golden.Arrays["x"], "z": golden.Arrays["x"]}, "2 inputs"},
		{map[string]*tensor.Tensor{"x": tensor.New(tensor.Float32, 1, 3, 20, 23)}, "is expected"},
		{map[string]*tensor.Tensor{"x": tensor.New(tensor.Int64, 1, 3, 19, 23)}, "is expected"},
	} {
		if _, err := s.RunNamed(t.Context(), c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v; expected %q", err, c.want)
		}
	}
}

// minSQNR is what int8 with one scale for each output channel keeps of a small network
// with random weights, in dB.
const minSQNR = 25

// TestQuantizeAnONNXModel: what becomes int8 follows from the operators, not from an
// architecture.
func TestQuantizeAnONNXModel(t *testing.T) {
	golden, err := npy.ReadNPZ("testdata/onnx/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	m, err := octet.Open("testdata/onnx/float.onnx")
	if err != nil {
		t.Fatal(err)
	}
	q, report, err := octet.Quantize(t.Context(), m, octet.FromTensor(golden.Arrays["x"]), octet.WithQConfig("octet"))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Nodes) == 0 {
		t.Error("the report lists no nodes")
	}
	for _, n := range q.Graph().Nodes {
		switch n.Op.Kind() {
		case "conv2d", "linear", "add", "mul", "cat":
			// The last layer takes codes, and gives the outputs as they are.
			if !n.Inputs[0].Type.DType.IsQuantized() || !n.Output().Type.DType.IsQuantized() && !q.Graph().IsOutput(n.Output()) {
				t.Errorf("%s (%s) of %v is %v", n.Name, n.Op.Kind(), n.Inputs[0].Type, n.Output().Type)
			}
		}
	}
	s, err := q.Compile()
	if err != nil {
		t.Fatal(err)
	}
	named, err := s.RunNamed(t.Context(), map[string]*tensor.Tensor{"x": golden.Arrays["x"]})
	if err != nil {
		t.Fatal(err)
	}
	var signal, noise float64
	for i, v := range golden.Arrays["float"].Float32s() {
		signal += float64(v) * float64(v)
		d := float64(named["y"].Float32s()[i] - v)
		noise += d * d
	}
	if sqnr := 10 * math.Log10(signal/noise); !(sqnr >= minSQNR) {
		t.Errorf("%.1f dB; at least %d are expected", sqnr, minSQNR)
	}
}

// same compares outputs; within is the largest difference.
func same(t *testing.T, got, want *tensor.Tensor, within float64) {
	t.Helper()
	if got == nil || !got.Shape().Equal(want.Shape()) || got.DType() != want.DType() {
		t.Fatalf("result %v, expected %v", got, want)
	}
	worst := 0.0
	for i, v := range got.Float32s() {
		worst = max(worst, math.Abs(float64(v-want.Float32s()[i])))
	}
	if !(worst <= within) {
		t.Errorf("the largest difference is %g", worst)
	}
}

// TestDynamicModelsOfONNXRuntimesQuantizer: products of dynamically quantized activations
// become layers of their own, which give ONNX Runtime's numbers.
func TestDynamicModelsOfONNXRuntimesQuantizer(t *testing.T) {
	inputs, err := npy.ReadNPZ("testdata/onnx/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := npy.ReadNPZ("testdata/onnx/dynamic.npz")
	if err != nil || len(golden.Names) != 4 {
		t.Fatalf("%v: %v", golden, err)
	}
	for _, name := range golden.Names {
		t.Run(name, func(t *testing.T) {
			m, err := octet.Open("testdata/onnx/" + name + ".onnx")
			if err != nil {
				t.Fatal(err)
			}
			layers := 0
			for _, n := range m.Graph().Nodes {
				switch n.Op.Kind() {
				case "dynamic_conv2d", "dynamic_linear":
					layers++
				case "integer_conv2d", "integer_matmul":
					t.Errorf("%s stays %s", n.Name, n.Op.Kind())
				}
			}
			if want := map[bool]int{true: 8, false: 1}[strings.Contains(name, "u8")]; layers != want {
				t.Errorf("%d dynamic layers, expected %d", layers, want)
			}
			s, err := m.Compile()
			if err != nil {
				t.Fatal(err)
			}
			y, err := s.Run(t.Context(), inputs.Arrays["x"])
			if err != nil {
				t.Fatal(err)
			}
			same(t, y, golden.Arrays[name], floatTolerance)
		})
	}
}
