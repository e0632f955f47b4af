package octet_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
)

// scriptOf is a TorchScript file of one module without attributes. method is forward, indented by
// two; functions of the module may follow. examples are the sizes of float32 inputs with which it
// was traced, none of scripted code.
func scriptOf(t *testing.T, method string, examples ...tensor.Shape) []byte {
	t.Helper()
	files := map[string]string{
		"code/__torch__.py": "class Net(Module):\n  __parameters__ = []\n  training : bool\n" + method,
		"data.pkl":          "\x80\x02c__torch__\nNet\n)\x81}X\x08\x00\x00\x00training\x89sb.",
		"constants.pkl":     "\x80\x02).",
		"version":           "3\n",
		"byteorder":         "little",
	}
	if examples != nil {
		var b strings.Builder
		b.WriteString("\x80\x02}X\x07\x00\x00\x00forward](")
		for i, shape := range examples {
			sizes, strides := "", ""
			for axis, n := range shape {
				sizes, strides = sizes+"K"+string(rune(n)), strides+"K"+string(rune(shape[axis+1:].Numel()))
			}
			fmt.Fprintf(&b, "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"+
				"X\x01\x00\x00\x00%dX\x03\x00\x00\x00cpuK%ctQK\x00(%st(%st\x89ccollections\nOrderedDict\n)RtR", i, rune(shape.Numel()), sizes, strides)
		}
		files["traced_inputs.pkl"] = b.String() + "es."
	}
	var data bytes.Buffer
	z := zip.NewWriter(&data)
	for name, text := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "net/" + name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// forwardOf is the method forward of x.
func forwardOf(body string) string {
	return "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n" + body
}

// runScript computes the outputs of a module for inputs.
func runScript(t *testing.T, data []byte, inputs map[string]*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	var options []octet.OpenOption
	for name, x := range inputs {
		options = append(options, octet.WithShape(name, x.Shape()...))
	}
	m, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt", options...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	var list []*tensor.Tensor
	for _, in := range s.Inputs() {
		list = append(list, inputs[in.Name])
	}
	out, err := s.RunAll(context.Background(), list...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTorchScriptWholeNumbers: numbers of any size are what they are in code.
func TestTorchScriptWholeNumbers(t *testing.T) {
	x := tensor.Of([]float32{1, -2}, 2)
	for body, want := range map[string]any{
		"    return torch.sub(x, 5000000000)\n":                            []float32{-5e9, -5e9},
		"    return torch.mul(x, 5000000000)\n":                            []float32{5e9, -1e10},
		"    return torch.add(torch.to(x, 4), 1099511627776)\n":            []int64{1<<40 + 1, 1<<40 - 2},
		"    return torch.mul(torch.to(x, 4), 3000000000)\n":               []int64{3e9, -6e9},
		"    return torch.full([2], 1099511627777, dtype=4)\n":             []int64{1<<40 + 1, 1<<40 + 1},
		"    return torch.full([2], 1099511627777)\n":                      []int64{1<<40 + 1, 1<<40 + 1},
		"    return torch.arange(1099511627776, 1099511627779)\n":          []int64{1 << 40, 1<<40 + 1, 1<<40 + 2},
		"    return torch.arange(2, 5)\n":                                  []int64{2, 3, 4},
		"    return torch.arange(1, 9, 3)\n":                               []int64{1, 4, 7},
		"    return torch.where(torch.gt(x, 0), 1152921504606846977, 3)\n": []int64{1<<60 + 1, 3},
		"    return torch.slice(x, 0, 1, 9223372036854775807)\n":           []float32{-2},
	} {
		y := runScript(t, scriptOf(t, forwardOf(body)), map[string]*tensor.Tensor{"x": x})[0]
		same := false
		switch want := want.(type) {
		case []float32:
			same = y.DType() == tensor.Float32 && slices.Equal(y.Float32s(), want)
		case []int64:
			same = y.DType() == tensor.Int64 && slices.Equal(y.Int64s(), want)
		}
		if !same {
			t.Errorf("%s: %v; expected %v", body, y, want)
		}
	}
	data := scriptOf(t, forwardOf("    return torch.roll(x, [5000000000], [0])\n"))
	_, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt", octet.WithShape("x", 2))
	if err == nil || !strings.Contains(err.Error(), "5000000000") {
		t.Errorf("a count of 5000000000: error %v", err)
	}
}

// gateError is what float32 gates of a few steps may differ by from those in float64: some ulps of 1.
const gateError = 1e-6

// TestTorchScriptLSTM: the states are a list of two, h and c, whose first axis is not the batch.
func TestTorchScriptLSTM(t *testing.T) {
	data := scriptOf(t, `  def forward(self: __torch__.Net,
    x: Tensor,
    h: Tensor,
    c: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    _0 = torch.tensor([[0.], [0.], [0.], [0.]])
    _1 = torch.tensor([0.5, -0.25, 1., 2.])
    _2 = torch.tensor([0., 0., 0., 0.])
    _3, _4, _5 = torch.lstm(x, [h, c], [_0, _0, _1, _2], True, 1, 0., False, False, False)
    return (_3, _4, _5)
`, tensor.Shape{2, 1, 1}, tensor.Shape{1, 1, 1}, tensor.Shape{1, 1, 1})
	m, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt")
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	cell := float32(0.75)
	of := func(v float32) *tensor.Tensor { return tensor.Of([]float32{v}, 1, 1, 1) }
	for _, steps := range []int{2, 3} { // how many there are is free
		out, err := s.RunAll(context.Background(), tensor.New(tensor.Float32, steps, 1, 1), of(3), of(cell))
		if err != nil {
			t.Fatal(err)
		}
		sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
		c, h := float64(cell), []float64{}
		for range steps { // gates i, f, g, o
			c = sigmoid(-0.25)*c + sigmoid(0.5)*math.Tanh(1)
			h = append(h, sigmoid(2)*math.Tanh(c))
		}
		near := func(name string, got *tensor.Tensor, want ...float64) {
			for i, w := range want {
				if got.Numel() != len(want) || math.Abs(float64(got.Float32s()[i])-w) > gateError {
					t.Fatalf("%s is %v; expected %v", name, got, want)
				}
			}
		}
		near("y", out[0], h...)
		near("h", out[1], h[steps-1])
		near("c", out[2], c)
	}
}

// TestTorchScriptMaskedAttention: the mask may stand in its place.
func TestTorchScriptMaskedAttention(t *testing.T) {
	x := tensor.Of([]float32{1, 0, 0, 1}, 1, 1, 2, 2)
	for _, mask := range []string{"torch.tensor([[True, False], [False, True]], dtype=11)", "torch.tensor([[0., -inf], [-inf, 0.]])"} {
		y := runScript(t, scriptOf(t, forwardOf("    return torch.scaled_dot_product_attention(x, x, x, "+mask+")\n")), map[string]*tensor.Tensor{"x": x})[0]
		if !slices.Equal(y.Float32s(), x.Float32s()) { // each row sees itself alone
			t.Errorf("with %s: %v", mask, y)
		}
	}
}

// TestTorchScriptOutputs: a result may be several outputs, and keys and fields are names.
func TestTorchScriptOutputs(t *testing.T) {
	x := tensor.Of([]float32{1, -2}, 2)
	for body, want := range map[string]string{
		"    y = torch.neg(x)\n    return (y, y, x)\n":                                      "y y_1 x",
		"    return {\"z\": torch.neg(x), \"a\": torch.relu(x)}\n":                          "z a",
		"    y = torch.neg(x)\n    return {\"z\": y, \"a\": (y, {\"b\": x}), \"z.1\": y}\n": "z a a.b z.1",
		"    y = torch.neg(x)\n    return [y, torch.relu(y), y]\n":                          "y relu y_1",
	} {
		data := scriptOf(t, forwardOf(body))
		m, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt", octet.WithShape("x", 2))
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Compile()
		if err != nil {
			t.Fatal(err)
		}
		declared, err := s.Outputs()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range declared {
			names = append(names, v.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: outputs %s; expected %s", body, got, want)
		}
		out, err := s.RunNamed(context.Background(), map[string]*tensor.Tensor{"x": x})
		if err != nil || len(out) != len(names) {
			t.Errorf("%s: %d outputs, %v; expected %d", body, len(out), err, len(names))
		}
		path := filepath.Join(t.TempDir(), "net.onnx")
		if _, err := m.SaveONNX(context.Background(), path); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestTorchScriptRemedies: whatever operator is not read, the error ends with what can be done.
func TestTorchScriptRemedies(t *testing.T) {
	for body, says := range map[string]string{
		"    return torch.quantized_lstm(x, [x, x], [], True, 1, 0., False, False, True)\n": "--dynamic --backend fbgemm",
		"    return torch.nobody(x)\n":                                               "torch.onnx.export",
		"    return torch.relu(x, x, x)\n":                                           "torch.export.save(torch.export.export(",
		"    return ops.quantized.linear_dynamic_fp16(x, x)\n":                       "--dynamic --backend fbgemm",
		"    return ops.quantized.nobody(torch.quantize_per_tensor(x, 1., 0, 13))\n": "octet quantize model.pt2",
	} {
		data := scriptOf(t, forwardOf(body))
		_, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt", octet.WithShape("x", 2))
		if err == nil {
			t.Errorf("%s: it is read", body)
			continue
		}
		text := err.Error()
		if last := text[strings.LastIndexByte(text, '\n')+1:]; !strings.Contains(last, says) {
			t.Errorf("%s: the error ends with %q, which lacks %q", body, last, says)
		}
	}
}

// TestTorchScriptBackendOfWhatIsNotRead: why a converted file is not read comes before what its
// backend is.
func TestTorchScriptBackendOfWhatIsNotRead(t *testing.T) {
	data := scriptOf(t, forwardOf("    y = torch.quantize_per_tensor(x, 1., 0, 13)\n    return ops.quantized.nobody(y)\n"))
	for shape, says := range map[int]string{2: "quantized.nobody", 0: "--shape x="} {
		options := []octet.OpenOption{octet.WithBackend("fbgemm")}
		if shape > 0 {
			options = append(options, octet.WithShape("x", shape))
		}
		_, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt", options...)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v lacks %q", err, says)
		}
	}
}
