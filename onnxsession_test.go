package octet_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// lookup has whole numbers as its input and int32 as its output: rows of a table, and their
// places again.
func lookup() []byte {
	return onnxtest.Model(
		onnxtest.Input("ids", onnxtest.Int32, "n"), onnxtest.Output("next", onnxtest.Int32, "n"),
		onnxtest.Ints("one", nil, 1),
		onnxtest.Node("Cast", []string{"ids"}, []string{"wide"}, onnxtest.AttrInt("to", onnxtest.Int64)),
		onnxtest.Node("Add", []string{"wide", "one"}, []string{"more"}),
		onnxtest.Node("Cast", []string{"more"}, []string{"next"}, onnxtest.AttrInt("to", onnxtest.Int32)))
}

// mixed has two inputs with a common extent, and two outputs.
func mixed() []byte {
	return onnxtest.Model(
		onnxtest.Input("x", onnxtest.Float32, "n", 2), onnxtest.Input("i", onnxtest.Int64, "n"),
		onnxtest.Output("y", onnxtest.Float32, "n", 2), onnxtest.Output("j", onnxtest.Int64, "n"),
		onnxtest.Node("Relu", []string{"x"}, []string{"y"}), onnxtest.Node("Neg", []string{"i"}, []string{"j"}))
}

func sessionOf(t *testing.T, data []byte, opts ...octet.OpenOption) *octet.Session {
	t.Helper()
	f, err := onnx.Read(bytes.NewReader(data), int64(len(data)), "model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	m, err := octet.OpenONNX(f, opts...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWholeNumbersIn: what takes one input takes it of any type that the file declares.
func TestWholeNumbersIn(t *testing.T) {
	s := sessionOf(t, lookup())
	if err := s.Warm(t.Context(), 3); err != nil {
		t.Error(err)
	}
	x, want := tensor.Of([]int32{4, -2, 7}, 3), []int32{5, -1, 8}
	y, err := s.Run(t.Context(), x)
	if err != nil || y.DType() != tensor.Int32 || !slices.Equal(y.Int32s(), want) {
		t.Errorf("%v, %v", y, err)
	}
	into := tensor.New(tensor.Int32, 3)
	if err := s.RunInto(t.Context(), into, x); err != nil || !slices.Equal(into.Int32s(), want) {
		t.Errorf("%v, %v", into, err)
	}
	if err := s.RunInto(t.Context(), tensor.New(tensor.Float32, 3), x); err == nil {
		t.Error("an output of another type is no error")
	}
	shown := 0
	y, err = s.RunTapped(t.Context(), x, func(*graph.Node, *tensor.Tensor) error { shown++; return nil })
	if err != nil || y.DType() != tensor.Int32 || !slices.Equal(y.Int32s(), want) || shown == 0 {
		t.Errorf("%v, %v, %d results shown", y, err, shown)
	}
}

// TestSeveralInputsAreRefusedByName where one is taken.
func TestSeveralInputsAreRefusedByName(t *testing.T) {
	s, x := sessionOf(t, mixed()), tensor.New(tensor.Float32, 1, 2)
	_, run := s.Run(t.Context(), x)
	_, tapped := s.RunTapped(t.Context(), x, nil)
	for name, err := range map[string]error{"Run": run, "RunTapped": tapped, "RunInto": s.RunInto(t.Context(), x, x), "Warm": s.Warm(t.Context(), 1, 2)} {
		if err == nil || !strings.Contains(err.Error(), "2 inputs") || !strings.Contains(err.Error(), "RunNamed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSizesByName: WithShape fixes extents that the file names.
func TestSizesByName(t *testing.T) {
	s := sessionOf(t, mixed(), octet.WithShape("n", 3))
	out, err := s.Outputs()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append(s.Inputs(), out...) {
		if v.Shape[0] != 3 {
			t.Errorf("%v", v)
		}
	}
}

// TestOptionsThatDoNotFitAFile are errors, not ignored.
func TestOptionsThatDoNotFitAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, mixed(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := octet.Open(path, octet.WithBackend(octet.QNNPACK)); !errors.Is(err, octet.ErrRecipe) || !strings.Contains(err.Error(), "qnnpack") {
		t.Errorf("a backend of an ONNX file: %v", err)
	}
	m := open(t)
	pth := filepath.Join(t.TempDir(), "model.pth")
	if err := m.Save(t.Context(), pth); err != nil {
		t.Fatal(err)
	}
	if _, err := octet.Open(pth, octet.WithShape("x", 1)); !errors.Is(err, octet.ErrRecipe) {
		t.Errorf("sizes of a checkpoint: %v", err)
	}
}

// TestRunsThatWouldNeedTerabytes are refused before they allocate, where only the sizes of a
// run tell.
func TestRunsThatWouldNeedTerabytes(t *testing.T) {
	for _, h := range onnxtest.Bombs(true) {
		x := tensor.New(tensor.Float32, 1, 4)
		if h.Name == "Resize" {
			x = x.Reshape(1, 1, 2, 2)
		}
		if err := runOnce(t, h.Data, x); err == nil || !strings.Contains(err.Error(), h.Says) {
			t.Errorf("%s: error %v; expected the node %q", h.Name, err, h.Says)
		}
	}
}

// runOnce is the error of opening a model or of running it.
func runOnce(t *testing.T, data []byte, x *tensor.Tensor) error {
	f, err := onnx.Read(bytes.NewReader(data), int64(len(data)), "model.onnx")
	if err != nil {
		return err
	}
	m, err := octet.OpenONNX(f)
	if err != nil {
		return err
	}
	s, err := m.Compile()
	if err != nil {
		return err
	}
	_, err = s.Run(t.Context(), x)
	return err
}
