package ortcompat_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/onnxtest"
	ort "github.com/octet-ml/octet/ortcompat"
)

func TestMain(m *testing.M) {
	ort.SetSharedLibraryPath("/nowhere/onnxruntime.so")
	if _, err := ort.NewTensor(ort.NewShape(1), []float32{1}); !errors.Is(err, ort.ErrNotInitialized) {
		panic("a tensor before InitializeEnvironment is no error")
	}
	if err := ort.InitializeEnvironment(ort.WithLogLevelWarning()); err != nil {
		panic(err)
	}
	m.Run()
}

// mixed has inputs and outputs of two element types.
func mixed() []byte {
	return onnxtest.ModelWith(17, []onnxtest.Part{onnxtest.Metadata("made", "by hand")},
		onnxtest.Input("x", onnxtest.Float32, "n", 2), onnxtest.Input("i", onnxtest.Int64, "n"),
		onnxtest.Output("y", onnxtest.Float32, "n", 2), onnxtest.Output("j", onnxtest.Int64, "n"),
		onnxtest.Node("Relu", []string{"x"}, []string{"y"}), onnxtest.Node("Neg", []string{"i"}, []string{"j"}))
}

func tensorOf[T ort.TensorData](t *testing.T, data []T, shape ...int64) *ort.Tensor[T] {
	t.Helper()
	v, err := ort.NewTensor(ort.NewShape(shape...), data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAdvancedSession(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mixed.onnx")
	must(t, os.WriteFile(file, mixed(), 0o600))
	options, err := ort.NewSessionOptions()
	must(t, err)
	must(t, options.SetIntraOpNumThreads(1))
	type number float32
	x, i := tensorOf(t, []number{1, -2, -3, 4, 99}, 2, 2), tensorOf(t, []int64{5, -6}, 2)
	y, err := ort.NewEmptyTensor[float32](ort.NewShape(2, 2))
	must(t, err)
	j, err := ort.NewEmptyTensor[int64](ort.NewShape(2))
	must(t, err)
	s, err := ort.NewAdvancedSession(file, []string{"i", "x"}, []string{"j", "y"}, []ort.Value{i, x}, []ort.Value{j, y}, options)
	must(t, err)
	must(t, options.Destroy())
	must(t, s.Run())
	if !slices.Equal(y.GetData(), []float32{1, 0, 0, 4}) || !slices.Equal(j.GetData(), []int64{-5, 6}) {
		t.Errorf("%v, %v", y.GetData(), j.GetData())
	}
	x.GetData()[1] = 7 // inputs are read anew
	must(t, s.Run())
	if y.GetData()[1] != 7 {
		t.Errorf("%v", y.GetData())
	}
	must(t, s.Destroy())
	if s.Run() == nil || s.Destroy() == nil {
		t.Error("a destroyed session runs, or is destroyed again")
	}
}

func TestDynamicAdvancedSession(t *testing.T) {
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(mixed(), []string{"x", "i"}, []string{"j", "y"}, nil)
	must(t, err)
	for _, n := range []int64{1, 3} {
		x, i := tensorOf(t, slices.Repeat([]float32{-1, 2}, int(n)), n, 2), tensorOf(t, slices.Repeat([]int64{8}, int(n)), n)
		outputs := []ort.Value{nil, nil}
		must(t, s.Run([]ort.Value{x, i}, outputs))
		j, y := outputs[0].(*ort.Tensor[int64]), outputs[1].(*ort.Tensor[float32])
		if !y.GetShape().Equals(ort.NewShape(n, 2)) || y.GetData()[1] != 2 || j.GetData()[0] != -8 || y.DataType() != ort.TensorElementDataTypeFloat {
			t.Errorf("%v %v, %v", y.GetShape(), y.GetData(), j.GetData())
		}
	}
	x, i := tensorOf(t, []float32{1, 2}, 1, 2), tensorOf(t, []int64{8}, 1)
	small := tensorOf(t, []int64{0, 0}, 2)
	kept := []ort.Value{nil, small}
	for name, err := range map[string]error{
		"is float32[1, 2]; the tensor for it is int64[2]": s.Run([]ort.Value{x, i}, kept),
		"1 inputs for the names":                          s.Run([]ort.Value{x}, []ort.Value{nil, nil}),
		"input \"i\" is nil":                              s.Run([]ort.Value{x, nil}, []ort.Value{nil, nil}),
		"input \"x\" is nil":                              s.Run([]ort.Value{(*ort.Tensor[float32])(nil), i}, []ort.Value{nil, nil}),
		"is expected":                                     s.Run([]ort.Value{i, x}, []ort.Value{nil, nil}),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if kept[0] != nil {
		t.Error("an output was given beside an error")
	}
	stop, err := ort.NewRunOptions()
	must(t, err)
	must(t, stop.Terminate())
	if s.RunWithOptions([]ort.Value{x, i}, []ort.Value{nil, nil}, stop) == nil {
		t.Error("a run that was ended goes on")
	}
	for _, names := range [][2][]string{{{"x"}, {"y"}}, {{"x", "i", "z"}, {"y"}}, {{"x", "i"}, {"z"}}, {{"x", "x"}, {"y"}}} {
		if _, err := ort.NewDynamicAdvancedSessionWithONNXData(mixed(), names[0], names[1], nil); err == nil {
			t.Errorf("%v: no error", names)
		}
	}
}

// TestShapesThatDependOnData: the model is compiled for the data.
func TestShapesThatDependOnData(t *testing.T) {
	data := onnxtest.Model(
		onnxtest.Input("x", onnxtest.Float32, nil), onnxtest.Input("flag", onnxtest.Bool), onnxtest.Output("y", onnxtest.Float32, nil),
		onnxtest.Node("If", []string{"flag"}, []string{"y"},
			onnxtest.AttrGraph("then_branch", onnxtest.Node("Neg", []string{"x"}, []string{"a"}), onnxtest.Untyped("a")),
			onnxtest.AttrGraph("else_branch", onnxtest.Node("Abs", []string{"x"}, []string{"b"}), onnxtest.Untyped("b"))))
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(data, []string{"x", "flag"}, []string{"y"}, nil)
	must(t, err)
	x := tensorOf(t, []float32{1, -2}, 2)
	for _, flag := range []bool{true, false, true} {
		f, err := ort.NewScalar(flag)
		must(t, err)
		outputs := []ort.Value{nil}
		must(t, s.Run([]ort.Value{x, f}, outputs))
		want := []float32{1, 2}
		if flag {
			want = []float32{-1, 2}
		}
		if got := outputs[0].(*ort.Tensor[float32]).GetData(); !slices.Equal(got, want) {
			t.Errorf("%v: %v", flag, got)
		}
	}
}

func TestInformation(t *testing.T) {
	inputs, outputs, err := ort.GetInputOutputInfoWithONNXData(mixed())
	must(t, err)
	if len(inputs) != 2 || inputs[0].String() != "x: float32 [-1 2]" || len(outputs) != 2 || outputs[1].DataType != ort.TensorElementDataTypeInt64 {
		t.Errorf("%v, %v", inputs, outputs)
	}
	m, err := ort.GetModelMetadataWithONNXData(mixed())
	must(t, err)
	if v, ok, err := m.LookupCustomMetadataMap("made"); v != "by hand" || !ok || err != nil {
		t.Errorf("%q, %v, %v", v, ok, err)
	}
	if _, _, err := ort.GetInputOutputInfo("no-such.onnx"); err == nil {
		t.Error("a file that is not there is no error")
	}
}

func TestShapesAndTensorsThatAreWrong(t *testing.T) {
	var bad *ort.BadShapeDimensionError
	if err := ort.NewShape(2, -1).Validate(); !errors.As(err, &bad) || bad.DimensionIndex != 1 {
		t.Errorf("%v", err)
	}
	if err := ort.NewShape(1<<40, 1<<40).Validate(); !errors.Is(err, ort.ErrShapeOverflow) {
		t.Errorf("%v", err)
	}
	if _, err := ort.NewTensor(ort.NewShape(3), []int8{1, 2}); err == nil {
		t.Error("a slice that is too short is no error")
	}
	if _, err := ort.NewEmptyTensor[float64](ort.NewShape(1 << 50)); err == nil {
		t.Error("a tensor of a petabyte is no error")
	}
	half, err := ort.NewCustomDataTensor(ort.NewShape(1), []byte{0, 0x3c}, ort.TensorElementDataTypeFloat16)
	must(t, err)
	if half.DataType() != ort.TensorElementDataTypeFloat16 {
		t.Errorf("%v", half.DataType())
	}
	if _, err := ort.NewCustomDataTensor(ort.NewShape(1), []byte{0}, ort.TensorElementDataTypeString); err == nil {
		t.Error("a tensor of strings is no error")
	}
	x := tensorOf(t, []bool{true}, 1)
	must(t, x.Destroy())
	if x.Destroy() == nil {
		t.Error("a tensor is destroyed twice")
	}
	o, err := ort.NewSessionOptions()
	must(t, err)
	if err := o.AppendExecutionProviderCoreML(0); err == nil || !strings.Contains(err.Error(), "CoreML") {
		t.Errorf("%v", err)
	}
}
