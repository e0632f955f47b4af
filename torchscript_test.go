package octet_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/tensor"
)

// scripts are the files of tools/pt2/scriptgolden.py by name.
func scripts(t *testing.T) map[string][]byte {
	t.Helper()
	return zipped(t, "pt2/testdata/scripts.zip")
}

// TestTorchScriptComputesAsPyTorch: traced, scripted and frozen modules give PyTorch's numbers, and
// those that torch.ao has converted the same codes.
func TestTorchScriptComputesAsPyTorch(t *testing.T) {
	files := scripts(t)
	forms := 0
	for file, data := range files {
		name, ok := strings.CutSuffix(file, ".pt")
		if !ok || files[name+".x.npy"] == nil {
			continue
		}
		forms++
		m, err := octet.Read(bytes.NewReader(data), int64(len(data)), file)
		if err != nil {
			t.Error(err)
			continue
		}
		session, err := m.Compile()
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got, err := session.Run(context.Background(), arrayOf(t, files[name+".x.npy"]))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		want := arrayOf(t, files[name+".y.npy"])
		backend, _, _ := strings.Cut(name, ".")
		if int8 := backend == "fbgemm" || backend == "qnnpack"; int8 != m.Quantized() || int8 && m.Backend() != octet.Backend(backend) {
			t.Errorf("%s: quantized %v, for %v", file, m.Quantized(), m.Backend())
		}
		if apart, limit := largestDifference(t, want, got), tolerance(m.Quantized()); !(apart <= limit) {
			t.Errorf("%s: differs by %g from PyTorch; at most %g is allowed", file, apart, limit)
		}
	}
	if forms != 16 {
		t.Errorf("%d files were compared", forms)
	}
}

// tolerance is what float sums in another order may differ by; a dequantized code only by its last
// multiplication.
func tolerance(quantized bool) float64 {
	if quantized {
		return 1e-7
	}
	return 1e-5
}

func largestDifference(t *testing.T, want, got *tensor.Tensor) (apart float64) {
	t.Helper()
	if !want.Shape().Equal(got.Shape()) {
		t.Fatalf("%v; expected %v", got, want)
	}
	for i, w := range want.Float32s() {
		apart = max(apart, math.Abs(float64(w-got.Float32s()[i])))
	}
	return apart
}

// TestTorchScriptNames: layers and weights bear the names of the state dict.
func TestTorchScriptNames(t *testing.T) {
	files := scripts(t)
	for name, want := range map[string][]string{
		"float.traced":     {"stem.0.weight", "block.bn1.running_mean", "fc.bias"},
		"float.scripted":   {"stem.0.weight", "block.bn1.running_mean", "fc.bias"},
		"fbgemm.scripted":  {"stem.0.weight", "block.conv1.bias", "fc.weight"},
		"qnnpack.traced":   {"stem.0.weight", "block.conv1.bias", "fc.weight"},
		"folding.scripted": {"stem.weight", "layers.1.bias", "bn.running_var"},
	} {
		data := files[name+".pt"]
		f, err := pt2.Read(bytes.NewReader(data), int64(len(data)), name)
		if err != nil {
			t.Fatal(err)
		}
		if !f.IsScript() {
			t.Errorf("%s is no TorchScript file", name)
		}
		for _, key := range want {
			if !slices.Contains(f.Names(), key) {
				t.Errorf("%s: the keys %v lack %q", name, f.Names(), key)
			}
		}
		m, err := octet.OpenPT2(f)
		if err != nil {
			t.Fatal(err)
		}
		layer := strings.TrimSuffix(want[0], ".weight")
		if _, ok := m.Graph().Node(layer); !ok {
			t.Errorf("%s has no layer %q", name, layer)
		}
	}
}

// TestTorchScriptIsKnownByItsContent: whatever the file is called, and only as what it is.
func TestTorchScriptIsKnownByItsContent(t *testing.T) {
	data := scripts(t)["float.traced.pt"]
	for _, name := range []string{"net.pt", "net.pth", "net.ts", "net.torchscript", "net.pt2", "net"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := octet.Open(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Quantized() {
			t.Errorf("%s is quantized", name)
		}
	}
}

// TestTorchScriptRefusesBranches: code that depends on numbers of the input is refused with its
// place and with what to do.
func TestTorchScriptRefusesBranches(t *testing.T) {
	data := scripts(t)["branching.scripted.pt"]
	_, err := octet.Read(bytes.NewReader(data), int64(len(data)), "branching.pt")
	if err == nil {
		t.Fatal("it was read")
	}
	for _, part := range []string{"branching.pt", "code/__torch__.py", "line ", "control flow", "torch.export.save(torch.export.export("} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %v lacks %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "--shape") {
		t.Errorf("no size decides it: %v", err)
	}
}

// TestTorchScriptTakesABackend: the file does not say for which one it was converted.
func TestTorchScriptTakesABackend(t *testing.T) {
	files := scripts(t)
	data := files["fbgemm.traced.pt"]
	m, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt", octet.WithBackend("qnnpack"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Backend() != "qnnpack" {
		t.Errorf("backend %v", m.Backend())
	}
	data = files["float.traced.pt"]
	if _, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt", octet.WithBackend("qnnpack")); err == nil {
		t.Error("a float file takes a backend")
	}
}

// TestTorchScriptInputTypes: a scripted file says nothing of its inputs but what reads them: indices
// and masks are whole numbers and truth values.
func TestTorchScriptInputTypes(t *testing.T) {
	files := scripts(t)
	data := files["masked.pt"]
	_, err := octet.Read(bytes.NewReader(data), int64(len(data)), "masked.pt")
	if err == nil || !strings.Contains(err.Error(), "--shape mask=") {
		t.Errorf("nothing says how many axes the mask has: %v", err)
	}
	m, err := octet.Read(bytes.NewReader(data), int64(len(data)), "masked.pt",
		octet.WithShape("ids", 2, 3), octet.WithShape("mask", 2, 3), octet.WithShape("scale", 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	session, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]*tensor.Tensor{}
	for name, want := range map[string]tensor.DType{"ids": tensor.Int64, "mask": tensor.Bool, "scale": tensor.Float32} {
		if named[name] = arrayOf(t, files["masked."+name+".npy"]); named[name].DType() != want {
			t.Fatalf("%s is %v", name, named[name])
		}
	}
	got, err := session.RunNamed(context.Background(), named)
	if err != nil {
		t.Fatal(err)
	}
	want := arrayOf(t, files["masked.result.npy"])
	for _, y := range got {
		if apart := largestDifference(t, want, y); apart > tolerance(false) {
			t.Errorf("differs by %g from PyTorch", apart)
		}
	}
}
