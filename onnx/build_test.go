package onnx_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// modelOf is a model with the input x and the output y, both float32 of any shape.
func modelOf(nodes ...*onnxpb.NodeProto) *onnxpb.ModelProto {
	port := func(name string) *onnxpb.ValueInfoProto {
		return &onnxpb.ValueInfoProto{Name: &name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
			TensorType: &onnxpb.TypeProto_Tensor{ElemType: new(int32(1))},
		}}}
	}
	return &onnxpb.ModelProto{
		IrVersion:   new(int64(8)),
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: new(int64(17))}},
		Graph: &onnxpb.GraphProto{
			Name: new("g"), Node: nodes,
			Input: []*onnxpb.ValueInfoProto{port("x")}, Output: []*onnxpb.ValueInfoProto{port("y")},
		},
	}
}

func nodeOf(op string, in, out []string, attrs ...*onnxpb.AttributeProto) *onnxpb.NodeProto {
	return &onnxpb.NodeProto{OpType: &op, Input: in, Output: out, Attribute: attrs}
}

func ints(name string, v ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_INTS.Enum(), Ints: v}
}

func floats(name string, dims []int64, v ...float32) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{Name: &name, DataType: new(int32(1)), Dims: dims, FloatData: v}
}

func read(t *testing.T, m *onnxpb.ModelProto) (*onnx.File, error) {
	t.Helper()
	data := onnxpb.Marshal(m)
	return onnx.Read(bytes.NewReader(data), int64(len(data)), "model.onnx")
}

func graphOf(t *testing.T, m *onnxpb.ModelProto) (*graph.Graph, error) {
	t.Helper()
	f, err := read(t, m)
	if err != nil {
		return nil, err
	}
	return f.Graph(onnx.Given{})
}

// run computes a graph on the reference engine.
func run(t *testing.T, g *graph.Graph, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	ref, err := engine.Reference(g)
	if err != nil {
		t.Fatal(err)
	}
	out, err := ref.Run(t.Context(), in...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGemm: its factors and transpositions are part of the layer's weight.
func TestGemm(t *testing.T) {
	m := modelOf(nodeOf("Gemm", []string{"x", "w", "b"}, []string{"y"},
		&onnxpb.AttributeProto{Name: new("alpha"), Type: onnxpb.AttributeProto_FLOAT.Enum(), F: new(float32(2))},
		&onnxpb.AttributeProto{Name: new("beta"), Type: onnxpb.AttributeProto_FLOAT.Enum(), F: new(float32(0.5))}))
	m.Graph.Initializer = []*onnxpb.TensorProto{floats("w", []int64{2, 3}, 1, 2, 3, 4, 5, 6), floats("b", []int64{1}, 10)}
	g, err := graphOf(t, m)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != 1 || g.Nodes[0].Op.Kind() != "linear" || g.Nodes[0].Name != "y" {
		t.Errorf("%d nodes, the first %s; one linear is expected", len(g.Nodes), g.Nodes[0].Op.Kind())
	}
	y := run(t, g, tensor.Of([]float32{1, 1}, 1, 2))[0]
	want := []float32{2*5 + 5, 2*7 + 5, 2*9 + 5}
	for i, v := range y.Float32s() {
		if v != want[i] {
			t.Errorf("output %d is %v, expected %v", i, v, want[i])
		}
	}
}

// TestConv1D: one spatial axis is the width of images of height 1.
func TestConv1D(t *testing.T) {
	m := modelOf(nodeOf("Conv", []string{"x", "w"}, []string{"y"}, ints("pads", 1, 0), ints("strides", 2)))
	m.Graph.Initializer = []*onnxpb.TensorProto{floats("w", []int64{1, 1, 2}, 1, 10)}
	g, err := graphOf(t, m)
	if err != nil {
		t.Fatal(err)
	}
	y := run(t, g, tensor.Of([]float32{1, 2, 3}, 1, 1, 3))[0]
	if got := fmt.Sprint(y.Shape(), y.Float32s()); got != fmt.Sprint(tensor.Shape{1, 1, 2}, []float32{10, 2 + 30}) {
		t.Errorf("%s", got)
	}
}

// TestEveryUnsupportedNodeIsListed: those behind one that is not read, too.
func TestEveryUnsupportedNodeIsListed(t *testing.T) {
	m := modelOf(
		nodeOf("Frobnicate", []string{"x"}, []string{"a"}),
		nodeOf("Relu", []string{"a"}, []string{"b"}),
		nodeOf("Mangle", []string{"b"}, []string{"c"}),
		nodeOf("Frobnicate", []string{"c"}, []string{"y"}))
	m.Graph.Node[2].Domain = new("com.example")
	_, err := graphOf(t, m)
	var missing *onnx.UnsupportedError
	if !errors.As(err, &missing) {
		t.Fatalf("error %v", err)
	}
	var got []string
	for _, u := range missing.Nodes {
		got = append(got, u.Op+" "+u.Output)
	}
	if text := strings.Join(got, ", "); text != "Frobnicate a, com.example.Mangle c, Frobnicate y" {
		t.Errorf("listed: %s", text)
	}
	if text := err.Error(); !strings.Contains(text, "2 × Frobnicate") || strings.Count(text, "\n") > 20 {
		t.Errorf("the error is %s", text)
	}
}

// TestFilesThatAreWrong are refused with what is wrong, and where.
// TestNodesBehindUnsupportedOnesAreChecked where the file tells the type between them.
func TestNodesBehindUnsupportedOnesAreChecked(t *testing.T) {
	model := func(more ...onnxtest.Part) []byte {
		return onnxtest.Model(append(more, onnxtest.Input("x", onnxtest.Float32, "n", 4), onnxtest.Output("y", onnxtest.Float32, nil, nil),
			onnxtest.Node("Loopy", []string{"x"}, []string{"a"}),
			onnxtest.Node("DepthToSpace", []string{"a"}, []string{"b"}, onnxtest.AttrInt("blocksize", 2), onnxtest.AttrText("mode", "ABC")),
			onnxtest.Node("Reshape", []string{"b", "a"}, []string{"c"}), // of a shape that the stand-in does not tell
			onnxtest.NodeOf("com.microsoft", "FusedThing", []string{"c"}, []string{"y"}))...)
	}
	for _, c := range []struct {
		data      []byte
		want      []string
		unchecked int
	}{
		{model(), []string{"Loopy", "com.microsoft.FusedThing"}, 2},
		{model(onnxtest.Value("a", onnxtest.Float32, "n", 4)), []string{"Loopy", "DepthToSpace", "com.microsoft.FusedThing"}, 1},
	} {
		f, err := onnx.Read(bytes.NewReader(c.data), int64(len(c.data)), "model.onnx")
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Graph(onnx.Given{})
		var missing *onnx.UnsupportedError
		if !errors.As(err, &missing) {
			t.Fatalf("error %v", err)
		}
		var ops []string
		for _, u := range missing.Nodes {
			ops = append(ops, u.Op)
			if u.Advice == "" {
				t.Errorf("%s: nothing is said about what can be done", u.Op)
			}
		}
		if !slices.Equal(ops, c.want) || missing.Unchecked != c.unchecked {
			t.Errorf("%v, %d unchecked; expected %v, %d", ops, missing.Unchecked, c.want, c.unchecked)
		}
	}
}

// TestGivenSizes: of inputs as a whole, and of extents by their names.
func TestGivenSizes(t *testing.T) {
	data := onnxtest.Model(onnxtest.Input("x", onnxtest.Float32, "batch", 3, "side", "side"), onnxtest.Output("y", onnxtest.Float32, "batch", 3, "side", "side"),
		onnxtest.Node("Relu", []string{"x"}, []string{"y"}))
	f, err := onnx.Read(bytes.NewReader(data), int64(len(data)), "model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		shapes map[string]tensor.Shape
		sizes  []int
		fails  string
	}{
		{map[string]tensor.Shape{"batch": {4}}, []int{4, 3, 0, 0}, ""},
		{map[string]tensor.Shape{"side": {8}}, []int{0, 3, 8, 8}, ""},
		{map[string]tensor.Shape{"x": {1, 3, 8, 9}}, []int{1, 3, 8, 9}, ""},
		{map[string]tensor.Shape{"batch": {4, 4}}, nil, "one number above 0"},
		{map[string]tensor.Shape{"x": {1, 4, 8, 9}}, nil, "is expected"},
		{map[string]tensor.Shape{"z": {1}}, nil, `no input is called "z"`},
	} {
		g, err := f.Graph(onnx.Given{Shapes: c.shapes})
		switch {
		case c.fails != "":
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%v: error %v; expected %q", c.shapes, err, c.fails)
			}
		case err != nil:
			t.Errorf("%v: %v", c.shapes, err)
		case !slices.Equal(g.Inputs[0].Sizes, c.sizes):
			t.Errorf("%v: sizes %v; expected %v", c.shapes, g.Inputs[0].Sizes, c.sizes)
		}
	}
	if _, err := f.Graph(onnx.Given{Inputs: map[string]*tensor.Tensor{"w": tensor.New(tensor.Float32, 1)}}); err == nil || !strings.Contains(err.Error(), `no input "w"`) {
		t.Errorf("a constant for no input: %v", err)
	}
}

func TestFilesThatAreWrong(t *testing.T) {
	relu := func(in, out string) *onnxpb.NodeProto { return nodeOf("Relu", []string{in}, []string{out}) }
	for name, c := range map[string]struct {
		model *onnxpb.ModelProto
		want  string
	}{
		"cycle":              {modelOf(relu("b", "a"), relu("a", "b"), relu("b", "y")), `"b" is computed by no node`},
		"no such input":      {modelOf(relu("nowhere", "y")), `"nowhere" is computed by no node`},
		"result given twice": {modelOf(relu("x", "y"), relu("x", "y")), `"y" is there already`},
		"result named as an input": {modelOf(relu("x", "x"), relu("x", "y")),
			`"x" is there already`},
		"output that nothing computes": {modelOf(relu("x", "z")), `output "y" is computed by no node`},
		"attribute of another type": {modelOf(nodeOf("Transpose", []string{"x"}, []string{"y"},
			&onnxpb.AttributeProto{Name: new("perm"), Type: onnxpb.AttributeProto_FLOAT.Enum(), F: new(float32(1))})), `"perm" is FLOAT`},
		"attribute given twice": {modelOf(nodeOf("Flatten", []string{"x"}, []string{"y"},
			ints("axis", 1), ints("axis", 1))), `"axis" is there twice`},
		"missing input": {modelOf(nodeOf("Add", []string{"x"}, []string{"y"})), "input 1 is missing"},
	} {
		_, err := graphOf(t, c.model)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "model.onnx") {
			t.Errorf("%s: error %v; expected %s", name, err, c.want)
		}
	}
}

// TestWrongInitializers: sizes are checked before memory is taken for them.
func TestWrongInitializers(t *testing.T) {
	for name, c := range map[string]struct {
		tensor *onnxpb.TensorProto
		want   string
	}{
		"too few elements":   {floats("w", []int64{4}, 1, 2), "with 2 elements"},
		"negative extent":    {floats("w", []int64{-1}), "extent -1"},
		"overflow":           {floats("w", []int64{1 << 30, 1 << 30, 1 << 30}), "["},
		"huge":               {floats("w", []int64{1 << 30, 1 << 9}), "with 0 elements"},
		"short raw data":     {&onnxpb.TensorProto{Name: new("w"), DataType: new(int32(1)), Dims: []int64{2}, RawData: make([]byte, 7)}, "7 bytes do not fill"},
		"no element type":    {&onnxpb.TensorProto{Name: new("w"), DataType: new(int32(99))}, "element type 99"},
		"text":               {&onnxpb.TensorProto{Name: new("w"), DataType: new(int32(8)), Dims: []int64{1}, StringData: [][]byte{{1}}}, "element type STRING"},
		"external, no place": {&onnxpb.TensorProto{Name: new("w"), DataType: new(int32(1)), Dims: []int64{1}, DataLocation: onnxpb.TensorProto_EXTERNAL.Enum()}, "not opened from a folder"},
	} {
		m := modelOf(nodeOf("Add", []string{"x", "w"}, []string{"y"}))
		m.Graph.Initializer = []*onnxpb.TensorProto{c.tensor}
		if _, err := graphOf(t, m); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `"w"`) {
			t.Errorf("%s: error %v; expected %s", name, err, c.want)
		}
	}
}

// TestExternalData is read from the model's folder, and from nowhere else.
func TestExternalData(t *testing.T) {
	folder := t.TempDir()
	inside := filepath.Join(folder, "model")
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(folder, "secret"), filepath.Join(inside, "weights")} {
		if err := os.WriteFile(path, []byte{9, 9, 9, 9, 0, 0, 128, 63, 0, 0, 0, 64}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(inside, "link")); err != nil {
		t.Skip(err)
	}
	open := func(location, offset, length string) error {
		w := &onnxpb.TensorProto{Name: new("w"), DataType: new(int32(1)), Dims: []int64{2}, DataLocation: onnxpb.TensorProto_EXTERNAL.Enum()}
		for _, e := range [][2]string{{"location", location}, {"offset", offset}, {"length", length}} {
			w.ExternalData = append(w.ExternalData, &onnxpb.StringStringEntryProto{Key: &e[0], Value: &e[1]})
		}
		m := modelOf(nodeOf("Add", []string{"x", "w"}, []string{"y"}))
		m.Graph.Initializer = []*onnxpb.TensorProto{w}
		data := onnxpb.Marshal(m)
		path := filepath.Join(inside, "m.onnx")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := onnx.Open(path)
		if err != nil {
			return err
		}
		g, err := f.Graph(onnx.Given{})
		if err != nil {
			return err
		}
		if y := run(t, g, tensor.Of([]float32{10, 10}, 2))[0].Float32s(); y[0] != 11 || y[1] != 12 {
			t.Errorf("result %v; expected 11 and 12", y)
		}
		return nil
	}
	if err := open("weights", "4", "8"); err != nil {
		t.Error(err)
	}
	for _, c := range [][3]string{
		{"../secret", "4", "8"},
		{filepath.Join(folder, "secret"), "4", "8"},
		{"link", "4", "8"},
		{".", "4", "8"},
		{"weights", "8", "8"},
		{"weights", "-4", "8"},
		{"weights", "4", "4"},
		{"weights", "4", "9223372036854775807"},
		{"nothing", "0", "8"},
		{"", "0", "8"},
	} {
		if err := open(c[0], c[1], c[2]); err == nil || !strings.Contains(err.Error(), `initializer "w"`) {
			t.Errorf("%v: error %v", c, err)
		}
	}
}

// TestSmallFilesClaimNoLargeMemory: what a message would become is counted before it is
// decoded.
func TestSmallFilesClaimNoLargeMemory(t *testing.T) {
	graphBytes := func(field protowire.Number, one []byte, n int) []byte {
		var g []byte
		for range n {
			g = protowire.AppendBytes(protowire.AppendTag(g, field, protowire.BytesType), one)
		}
		return protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), g)
	}
	nested := []byte{}
	for range 400 { // GraphProto.node.attribute.g
		a := protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), nested)
		n := protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), a)
		nested = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), n)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"a million nodes": {graphBytes(1, nil, 1_000_000), "more than 100000 nodes"},
		"tensors":         {graphBytes(5, nil, 1_100_000), "more than 1000000 messages"},
		"deep graphs":     {protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), nested), "nested more than 16 deep"},
		"2 GB":            {[]byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0x07}, "cut off or damaged"},
		"endless number":  {bytes.Repeat([]byte{0x80}, 100), "model.onnx is no ONNX file"},
		"nothing":         {nil, "it has no graph"},
	} {
		start := time.Now()
		_, err := onnx.Read(bytes.NewReader(c.data), int64(len(c.data)), "model.onnx")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v; expected %s", name, err, c.want)
		}
		t.Logf("%s: %v", name, time.Since(start))
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds: ", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := onnx.Read(bytes.NewReader(data), int64(len(data)), "fuzz.onnx")
		if err != nil {
			return
		}
		file.Inputs()
		file.Outputs()
		file.Metadata()
		if g, err := file.Graph(onnx.Given{}); err == nil {
			if err := g.Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Question marks do not say that two extents are equal: Paddle writes one for each it does not know.
func TestQuestionMarksAreNoNames(t *testing.T) {
	m := modelOf(nodeOf("Relu", []string{"x"}, []string{"y"}))
	dim := func(name string) *onnxpb.TensorShapeProto_Dimension {
		return &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: name}}
	}
	m.Graph.Input[0].Type.GetTensorType().Shape = &onnxpb.TensorShapeProto{Dim: []*onnxpb.TensorShapeProto_Dimension{dim("batch"), dim("?"), dim("?")}}
	f, err := read(t, m)
	if err != nil {
		t.Fatal(err)
	}
	ports, err := f.Inputs()
	if err != nil {
		t.Fatal(err)
	}
	if got := ports[0].Names; !slices.Equal(got, []string{"batch", "", ""}) {
		t.Errorf("names %q", got)
	}
}
