package onnx

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/tensor"
)

// A node of any operator with too few inputs, with inputs of other kinds, or with attributes of
// another length is a graph or an error: no panic, and little memory.
func TestNodesThatAreWrong(t *testing.T) {
	const most = 1 << 20 // bytes that reading one such file may allocate, in the mean
	parts := []onnxtest.Part{
		onnxtest.Input("x", onnxtest.Float32, 2, 3, 4, 4), onnxtest.Input("free", onnxtest.Float32), onnxtest.Input("i", onnxtest.Int64, 2), onnxtest.Output("y", onnxtest.Float32),
		onnxtest.Floats("w", []int64{3, 3, 1, 1, 1}, make([]float32, 9)...), onnxtest.Ints("k", []int64{2}, 1, 2), onnxtest.Floats("v", []int64{3}, 1, 2, 3),
		onnxtest.Codes("c", onnxtest.Int8, []int64{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8),
	}
	inputs := [][]string{{"x", "x", "x", "x", "x", "x"}, {"x", "w", "v", "v", "v", "k"}, {"free", "k", "free", "k", "free", "k"}, {"i", "i", "i", "i"}, {"k", "k", "k", "k", "k"},
		{"x", "c", "c", "v", "", "", "", "v", "v", "v", "v"}, {"v", "", "v", "", "k"}, {"w", "x", "k", "w"},
		{"", "x", "k", "x", "k"}, {"x", "v", "", "k", "", "k", "v", "k"}, {"w", "w", "w", "w", "w"}}
	attributes := [][]onnxtest.Part{nil, {onnxtest.AttrInts("strides", 1)}, {onnxtest.AttrInts("dilations", 1)}, {onnxtest.AttrInt("axis", -10_000_000)}, {onnxtest.AttrInt("axis", 7)},
		{onnxtest.AttrInts("size", 1, 2, 3, 4), onnxtest.AttrInts("kernel_shape", 2, 2, 2)}, {onnxtest.AttrInts("kernel_shape", 2), onnxtest.AttrInts("output_padding", 1)},
		{onnxtest.AttrInt("num_heads", -3), onnxtest.AttrInt("hidden_size", 1<<40), onnxtest.AttrInt("group", 0)}, {onnxtest.AttrInts("axes", -10_000_000), onnxtest.AttrInts("perm", 9)}}
	var before, after runtime.MemStats
	for _, kind := range slices.SortedFunc(maps.Keys(importers), func(a, b operator) int { return cmp.Or(cmp.Compare(a.domain, b.domain), cmp.Compare(a.kind, b.kind)) }) {
		runtime.ReadMemStats(&before)
		cases := 0
		for _, in := range inputs {
			for n := range len(in) + 1 {
				for a, attrs := range attributes {
					cases++
					try(t, fmt.Sprintf("%s %s of %q with attributes %d", kind.domain, kind.kind, in[:n], a), kind, in[:n], attrs, parts)
				}
			}
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / uint64(cases); each > most {
			t.Errorf("%s %s: %d bytes are allocated for each file", kind.domain, kind.kind, each)
		}
	}
}

// try reads a file of one node, and its graph.
func try(t *testing.T, what string, kind operator, in []string, attrs, parts []onnxtest.Part) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: %v", what, r)
		}
	}()
	node := onnxtest.NodeOf(kind.domain, kind.kind, in, []string{"y", "z"}, attrs...)
	data := onnxtest.ModelWith(17, []onnxtest.Part{onnxtest.Opset("com.microsoft", 1)}, append([]onnxtest.Part{node}, parts...)...)
	f, err := Read(bytes.NewReader(data), int64(len(data)), "wrong.onnx")
	if err != nil {
		return
	}
	_, _ = f.Graph(Given{}) // whether it is one is another test's question
}

// What takes long of constants is left to a run, which can be ended; what does not is computed when
// the file is read.
func TestLongFoldingIsLeftToARun(t *testing.T) {
	window := onnxtest.AttrInts("kernel_shape", 200, 200)
	for _, c := range []struct {
		kind   string
		in     []string
		attr   onnxtest.Part
		size   int64
		folded bool
	}{
		{"MatMul", []string{"a", "a"}, nil, 8, true}, {"MatMul", []string{"a", "a"}, nil, 1500, false},
		{"Einsum", []string{"a", "a"}, onnxtest.AttrText("equation", "ab,bc->ac"), 20, true}, {"Einsum", []string{"a", "a"}, onnxtest.AttrText("equation", "ab,bc->ac"), 200, false},
		{"Einsum", []string{"a", "a", "a"}, onnxtest.AttrText("equation", "ab,bc,cd->ad"), 30, false},
		{"Det", []string{"a"}, nil, 20, true}, {"Det", []string{"a"}, nil, 70, false},
		{"MaxPool", []string{"b"}, window, 200, true}, {"MaxPool", []string{"b"}, window, 400, false},
	} {
		parts := []onnxtest.Part{
			onnxtest.Node("ConstantOfShape", []string{"s"}, []string{"a"}),
			onnxtest.Node("Unsqueeze", []string{"a", "k"}, []string{"b"}),
			onnxtest.Node("Add", []string{"p", "x"}, []string{"y"}),
			onnxtest.Ints("s", []int64{2}, c.size, c.size), onnxtest.Ints("k", []int64{2}, 0, 1), onnxtest.Input("x", onnxtest.Float32, 1), onnxtest.Output("y", onnxtest.Float32),
		}
		var attrs []onnxtest.Part
		if c.attr != nil {
			attrs = append(attrs, c.attr)
		}
		data := onnxtest.Model(slices.Insert(parts, 2, onnxtest.Node(c.kind, c.in, []string{"p"}, attrs...))...)
		f, err := Read(bytes.NewReader(data), int64(len(data)), "folded.onnx")
		if err != nil {
			t.Fatal(err)
		}
		g, err := f.Graph(Given{})
		if err != nil {
			t.Fatal(err)
		}
		if folded := len(g.Nodes) == 1; folded != c.folded {
			t.Errorf("%s of %d operands of %d x %d: %d nodes", c.kind, len(c.in), c.size, c.size, len(g.Nodes))
		}
	}
}

// What no format is called is refused before anything is written.
func TestUnknownFormat(t *testing.T) {
	if _, err := Marshal(graph.New("g"), Export{Format: 9}); err == nil || !strings.Contains(err.Error(), "Format(9)") {
		t.Errorf("%v", err)
	}
	if _, err := ParseFormat("tflite"); err == nil {
		t.Error("tflite is a format")
	}
}

// A size for an extent without a name is one for nothing.
func TestSizeOfNoName(t *testing.T) {
	data := onnxtest.Model(onnxtest.Node("Relu", []string{"x"}, []string{"y"}), onnxtest.Input("x", onnxtest.Float32, 0, 3), onnxtest.Output("y", onnxtest.Float32, 0, 3))
	f, err := Read(bytes.NewReader(data), int64(len(data)), "free.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Graph(Given{Shapes: map[string]tensor.Shape{"": {4}}}); err == nil {
		t.Error("it is accepted")
	}
}
