package octet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/safetensors"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// zipOf packs records as torch.export.save does, stored.
func zipOf(t *testing.T, names []string, records map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range names {
		r, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = r.Write(records[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// retrained is a program with other parameters and statistics: their bytes are changed in the file.
func retrained(t *testing.T, r *rand.Rand, program []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(program), int64(len(program)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	records := map[string][]byte{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if records[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
		data := records[f.Name]
		if !strings.HasPrefix(path.Base(f.Name), "weight_") || len(data)%4 != 0 || len(data) == 8 { // a counter
			continue
		}
		for i := 0; i < len(data); i += 4 { // the last bits of the fraction, never sign or exponent
			data[i], data[i+1] = byte(r.Uint32()), byte(r.Uint32())
			data[i+2] = data[i+2]&0x80 | byte(r.Uint32())&0x7f
		}
	}
	return zipOf(t, names, records)
}

// stateOfProgram is the state dict of a program.
func stateOfProgram(t *testing.T, f *pt2.File) *torch.StateDict {
	t.Helper()
	sd := &torch.StateDict{}
	for _, key := range f.Names() {
		w, err := f.Tensor(key)
		if err != nil {
			t.Fatal(err)
		}
		sd.SetTensor(key, w)
	}
	return sd
}

func program(t *testing.T, data []byte, name string) *pt2.File {
	t.Helper()
	f, err := pt2.Read(bytes.NewReader(data), int64(len(data)), name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func answers(t *testing.T, m *octet.Model, x *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	session, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	y, err := session.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func store(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func saveState(t *testing.T, path string, sd *torch.StateDict) string {
	t.Helper()
	if err := torch.Save(path, sd); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestGraphOfPrograms: a state dict over the graph of the program before training gives the bits of
// the program after it, for all small networks: what was computed of weights is computed again.
func TestGraphOfPrograms(t *testing.T) {
	slow(t, "opens every program of pt2's tests, and its graph")
	r, folder := testseed.Rand(t), t.TempDir()
	z, err := zip.OpenReader("pt2/testdata/networks.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	read := func(name string) []byte {
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	compared := 0
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".pt2")
		if !ok {
			continue
		}
		before := read(f.Name)
		trained := program(t, retrained(t, r, before), f.Name)
		if len(trained.Names()) == 0 { // it has no parameters
			continue
		}
		want, err := octet.OpenPT2(trained)
		if err != nil {
			t.Fatal(err)
		}
		m, err := octet.Open(saveState(t, filepath.Join(folder, name+".pth"), stateOfProgram(t, trained)),
			octet.WithGraphOf(store(t, filepath.Join(folder, f.Name), before)))
		if err != nil {
			t.Error(err)
			continue
		}
		x, err := npy.Read(bytes.NewReader(read(name + ".0.x0.npy")))
		if err != nil {
			t.Fatal(err)
		}
		got := answers(t, m, x)
		if same(t, got, answers(t, want, x), 0); !bytes.Equal(got.Bytes(), answers(t, want, x).Bytes()) {
			t.Errorf("%s: other bits", name)
		}
		compared++
	}
	if compared < 25 {
		t.Errorf("%d networks; some are missing", compared)
	}
}

const exampleProgram = "pt2/testdata/example.pt2"

// TestGraphOfTakesStateDicts: safetensors, half precision, prefixes of wrappers and checkpoints of
// several state dicts are taken as for architectures.
func TestGraphOfTakesStateDicts(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	data, err := os.ReadFile(exampleProgram)
	if err != nil {
		t.Fatal(err)
	}
	sd := stateOfProgram(t, program(t, data, exampleProgram))
	x, err := npy.ReadFile("pt2/testdata/example_x.npy")
	if err != nil {
		t.Fatal(err)
	}
	m, err := octet.Open(exampleProgram)
	if err != nil {
		t.Fatal(err)
	}
	want := answers(t, m, x)
	for name, change := range map[string]func(key string) (string, bool){
		"as it is.pth": func(key string) (string, bool) { return key, true },
		"wrapped.pth":  func(key string) (string, bool) { return "module." + key, true },
		"uncounted.pth": func(key string) (string, bool) {
			return key, !strings.HasSuffix(key, "num_batches_tracked")
		},
	} {
		m, err := octet.Open(saveState(t, at(name), sd.Select(change)), octet.WithGraphOf(exampleProgram))
		if err != nil {
			t.Error(err)
			continue
		}
		same(t, answers(t, m, x), want, 0)
		if wrapped := name == "wrapped.pth"; wrapped != (len(m.Assumptions()) == 1) {
			t.Errorf("%s: the assumptions are %v", name, m.Assumptions())
		}
		if m.File() != at(name) {
			t.Errorf("the model came from %s; its weights did from %s", m.File(), at(name))
		}
	}
	file := &safetensors.File{}
	for _, key := range sd.Keys() {
		w, _ := sd.Tensor(key)
		file.Set(key, w)
	}
	if err := safetensors.Save(at("s.safetensors"), file); err != nil {
		t.Fatal(err)
	}
	if m, err = octet.Open(at("s.safetensors"), octet.WithGraphOf(exampleProgram)); err != nil {
		t.Fatal(err)
	}
	same(t, answers(t, m, x), want, 0)
}

// TestGraphOfNamesEveryKey: all keys that are missing, too many or of other shapes are in one error.
func TestGraphOfNamesEveryKey(t *testing.T) {
	folder := t.TempDir()
	data, err := os.ReadFile(exampleProgram)
	if err != nil {
		t.Fatal(err)
	}
	sd := stateOfProgram(t, program(t, data, exampleProgram))
	want := []string{"does not fit the graph of " + exampleProgram, "torch.export.save"}
	for i := range 15 {
		key := fmt.Sprintf("head.%d.weight", i)
		sd.SetTensor(key, tensor.Of([]float32{1, 2}, 2))
		want = append(want, "extra       "+key)
	}
	sd.Delete("b1.running_var")
	sd.SetTensor("fc.bias", tensor.Of([]float32{1}, 1))
	want = append(want, "missing     b1.running_var", "wrong shape fc.bias")
	_, err = octet.Open(saveState(t, filepath.Join(folder, "a.pth"), sd), octet.WithGraphOf(exampleProgram))
	var mismatch *octet.GraphMismatchError
	if !errors.As(err, &mismatch) || len(mismatch.Mismatch.Differences) != 17 {
		t.Fatalf("error %v", err)
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in the error %v", text, err)
		}
	}
	for what, opts := range map[string][]octet.OpenOption{
		"leave out the architecture": {octet.WithArch("resnet18")}, "leave out the backend": {octet.WithBackend(octet.FBGEMM)},
		"holds no graph": {octet.WithGraphOf("model.pth")},
	} {
		_, err := octet.Open(filepath.Join(folder, "a.pth"), append([]octet.OpenOption{octet.WithGraphOf(exampleProgram)}, opts...)...)
		if err == nil || !strings.Contains(err.Error(), what) || !errors.Is(err, octet.ErrRecipe) {
			t.Errorf("error %v; expected %q", err, what)
		}
	}
	if _, err := octet.Open(exampleProgram, octet.WithGraphOf(exampleProgram)); !errors.Is(err, octet.ErrRecipe) {
		t.Errorf("error %v; a program has its own weights", err)
	}
}

// TestGraphOfONNX: initialisers with the keys of a state dict are replaced, tied ones with both keys,
// and those that the exporter computed are named as what cannot be matched.
func TestGraphOfONNX(t *testing.T) {
	folder, r := t.TempDir(), testseed.Rand(t)
	at := func(name string) string { return filepath.Join(folder, name) }
	random := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	network := func(embed, bias []float32) []byte {
		return onnxtest.Model(onnxtest.Input("x", onnxtest.Float32, "n", 3), onnxtest.Output("y", onnxtest.Float32, "n", 3),
			onnxtest.Floats("in.weight", []int64{4, 3}, embed...), onnxtest.Floats("in.bias", []int64{4}, bias...), onnxtest.Floats("val_1", []int64{1}, 0.5),
			onnxtest.Node("Mul", []string{"in.bias", "val_1"}, []string{"half"}), // a constant, computed while the graph is built
			onnxtest.Node("Gemm", []string{"x", "in.weight", "half"}, []string{"a"}, onnxtest.AttrInt("transB", 1)),
			onnxtest.Node("MatMul", []string{"a", "in.weight"}, []string{"y"}))
	}
	embed, bias := random(12), random(4)
	graph := store(t, at("before.onnx"), network(random(12), random(4)))
	want, err := octet.Open(store(t, at("after.onnx"), network(embed, bias)))
	if err != nil {
		t.Fatal(err)
	}
	sd := &torch.StateDict{}
	sd.SetTensor("in.weight", tensor.Of(embed, 4, 3))
	sd.SetTensor("in.bias", tensor.Of(bias, 4))
	sd.SetTensor("out.weight", tensor.Of(embed, 4, 3))
	m, err := octet.Open(saveState(t, at("a.pth"), sd), octet.WithGraphOf(graph))
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.Of(random(6), 2, 3)
	same(t, answers(t, m, x), answers(t, want, x), 0)

	sd.SetTensor("out.weight", tensor.Of(random(12), 4, 3))
	if _, err = octet.Open(saveState(t, at("b.pth"), sd), octet.WithGraphOf(graph)); err == nil || !strings.Contains(err.Error(), "extra       out.weight") {
		t.Errorf("error %v; another matrix is not tied", err)
	}
	anew := bytes.ReplaceAll(network(embed, bias), []byte("in.weight"), []byte("MatMul_25"))
	_, err = octet.Open(at("a.pth"), octet.WithGraphOf(store(t, at("anew.onnx"), anew)))
	for _, text := range []string{"missing     MatMul_25", "extra       in.weight", "cannot be matched"} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v; expected %q", err, text)
		}
	}
}
