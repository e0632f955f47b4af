package octet_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/tensor"
)

// nearPyTorch is the difference of float32 sums in another order, of the largest number.
const nearPyTorch = 1e-4

// TestProgramsOfPyTorch: small programs with all operators, some of which write through views, give
// what PyTorch gave, for the batch of their export and another one.
func TestProgramsOfPyTorch(t *testing.T) {
	files := zipped(t, "pt2/testdata/networks.zip")
	array := func(name string) *tensor.Tensor {
		a, err := npy.Read(bytes.NewReader(files[name]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return a
	}
	networks := 0
	for file, data := range files {
		name, ok := strings.CutSuffix(file, ".pt2")
		if !ok {
			continue
		}
		networks++
		f, err := pt2.Read(bytes.NewReader(data), int64(len(data)), file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := octet.OpenPT2(f)
		if err != nil {
			t.Error(err)
			continue
		}
		session, err := m.Compile()
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for run := range 2 {
			got, err := session.Run(t.Context(), array(fmt.Sprintf("%s.%d.x0.npy", name, run)))
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			want := array(fmt.Sprintf("%s.%d.y0.npy", name, run))
			var largest float32
			for _, v := range want.Float32s() {
				largest = max(largest, v, -v)
			}
			same(t, got, want, nearPyTorch*float64(largest))
		}
	}
	if networks < 30 {
		t.Errorf("%d networks; some are missing", networks)
	}
}

// TestProgramKeepsNames: parameters have those of the state dict, nodes those of their modules, and
// free sizes those of the program.
func TestProgramKeepsNames(t *testing.T) {
	m, err := octet.Open("pt2/testdata/example.pt2")
	if err != nil {
		t.Fatal(err)
	}
	var nodes []string
	for _, n := range m.Graph().Nodes {
		nodes = append(nodes, n.Name)
	}
	if got, want := strings.Join(nodes, " "), "c1 b1 r1 mean fc"; got != want {
		t.Errorf("the nodes are %q; want %q", got, want)
	}
	if _, ok := m.Graph().Param("fc.weight"); !ok {
		t.Error("there is no parameter fc.weight")
	}
	session, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if in := session.Inputs(); len(in) != 1 || in[0].Name != "x" || len(in[0].Dims) != 4 || in[0].Dims[0] != "s77" {
		t.Errorf("the inputs are %v", in)
	}
	x, err := npy.ReadFile("pt2/testdata/example_x.npy")
	if err != nil {
		t.Fatal(err)
	}
	want, err := npy.ReadFile("pt2/testdata/example_y.npy")
	if err != nil {
		t.Fatal(err)
	}
	got, err := session.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want, nearPyTorch)
}

// TestQuantizeAProgram: its int8 model is written as ONNX, and gives the same there.
func TestQuantizeAProgram(t *testing.T) {
	m, err := octet.Open("pt2/testdata/example.pt2")
	if err != nil {
		t.Fatal(err)
	}
	x, err := npy.ReadFile("pt2/testdata/example_x.npy")
	if err != nil {
		t.Fatal(err)
	}
	int8, _, err := octet.Quantize(t.Context(), m, octet.FromTensor(x))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "int8.onnx")
	if _, err := int8.SaveONNX(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	again, err := octet.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Quantized() {
		t.Error("the model that was written is no int8 model")
	}
}

// TestOptionsOfPrograms: a free size may be fixed, an input be a constant, and what is not in a
// program is refused.
func TestOptionsOfPrograms(t *testing.T) {
	const path = "pt2/testdata/example.pt2"
	m, err := octet.Open(path, octet.WithShape("s77", 3))
	if err != nil {
		t.Fatal(err)
	}
	session, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if in := session.Inputs(); in[0].Shape[0] != 3 {
		t.Errorf("the inputs are %v; the batch is 3", in)
	}
	for what, opt := range map[string]octet.OpenOption{
		"no input is called": octet.WithShape("nobody", 3), "there is no input": octet.WithInput("nobody", tensor.New(tensor.Float32, 1)),
		"leave out the backend": octet.WithBackend(octet.FBGEMM), "leave out the architecture and the key": octet.WithKey("model"),
	} {
		if _, err := octet.Open(path, opt); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v; expected %q", err, what)
		}
	}
	if _, err := octet.Open(path, octet.AsStateDict()); err == nil {
		t.Error("the state dict of a network that is no architecture is read as one")
	}
	if _, err := octet.OpenPT2(nil); err == nil {
		t.Error("nil is read")
	}
}

// TestReadOfAProgram: a program that is not on disk is known by its name, as Open knows it.
func TestReadOfAProgram(t *testing.T) {
	data, err := os.ReadFile("pt2/testdata/example.pt2")
	if err != nil {
		t.Fatal(err)
	}
	m, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pt2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Compile(); err != nil {
		t.Error(err)
	}
	if _, err := octet.Read(bytes.NewReader(data), int64(len(data)), "net.pth"); err == nil || !strings.Contains(err.Error(), "rename it to") {
		t.Errorf("as a checkpoint: %v", err)
	}
}
