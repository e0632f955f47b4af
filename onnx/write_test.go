package onnx_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

const (
	// writtenFloats is what the order of float32 additions changes of numbers of about 1.
	writtenFloats = 2e-5
)

// So many operators are written at least, whatever cases are drawn, and so many of them are
// read back and computed.
const (
	writtenKinds  = 75
	comparedKinds = 25
)

// exportOf declares an input of the shape of x.
func exportOf(x *tensor.Tensor, opset int, format onnx.Format) onnx.Export {
	return onnx.Export{Opset: opset, Format: format, Inputs: []onnx.Port{{Sizes: x.Shape(), Names: make([]string, len(x.Shape()))}}}
}

// readBack writes g for inputs of the shape of x, and reads the file; nil where the
// operator set is too old for it, or the reader has none of its operators.
func readBack(t *testing.T, g *graph.Graph, x *tensor.Tensor, opset int, format onnx.Format) *graph.Graph {
	t.Helper()
	data, err := onnx.Marshal(g, exportOf(x, opset, format))
	if err != nil {
		named := slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool {
			return strings.HasPrefix(err.Error(), fmt.Sprintf("%s: node %q (%s): it is not written", g.Name, n.Name, n.Op.Kind()))
		})
		if !named && (opset == onnx.MaxExportOpset || !strings.Contains(err.Error(), "needs operator set")) {
			t.Errorf("operator set %d: %v", opset, err)
		}
		return nil
	}
	f, err := onnx.Read(bytes.NewReader(data), int64(len(data)), "written.onnx")
	if err != nil {
		t.Fatal(err)
	}
	back, err := f.Graph(onnx.Given{})
	if nodes := (*onnx.UnsupportedError)(nil); errors.As(err, &nodes) {
		t.Logf("written, but not read: %v", err)
		return nil
	}
	if err != nil {
		t.Fatalf("%s: %v", g.Name, err)
	}
	return back
}

// TestWrittenGraphsComputeTheSame: what random graphs become in ONNX, read back. Most
// operators are among them; the others give an error that names the node.
func TestWrittenGraphsComputeTheSame(t *testing.T) {
	seen, compared := map[string]bool{}, map[string]bool{}
	r := testseed.Rand(t)
	opsets := []int{onnx.MinExportOpset, 11, 13, onnx.DefaultExportOpset, onnx.MaxExportOpset}
	for _, c := range randomgraph.Cases {
		g := c.Build(randomgraph.New(r, c.Name, tensor.Float32, quant.NumericsUnset))
		x := randomgraph.Image(r, 1+r.IntN(2), c.Channels, c.H, c.W)
		if _, err := onnx.Marshal(g, exportOf(x, onnx.MaxExportOpset, onnx.QDQ)); err == nil {
			for _, n := range g.Nodes {
				seen[n.Op.Kind()] = true
			}
		}
		back := readBack(t, g, x, opsets[r.IntN(len(opsets))], onnx.QDQ)
		if back == nil {
			continue
		}
		back, err := rewrite.WeightOnly(back) // as a file is opened
		if err != nil {
			t.Fatal(err)
		}
		want, got := run(t, g, x), run(t, back, x)
		for i := range want {
			sameNumbers(t, c.Name, want[i], got[i])
		}
		for _, n := range g.Nodes {
			compared[n.Op.Kind()] = true
		}
	}
	if len(seen) < writtenKinds || len(compared) < comparedKinds {
		t.Errorf("%d operators are written and %d compared; expected %d and %d at least", len(seen), len(compared), writtenKinds, comparedKinds)
	}
}

// TestWrittenCodesAreAlike: what random graphs on codes become computes them on codes again,
// but for roundings.
func TestWrittenCodesAreAlike(t *testing.T) {
	r := testseed.Rand(t)
	dtypes, rules := []tensor.DType{tensor.QUInt8, tensor.QInt8}, []quant.Numerics{quant.FBGEMM, quant.QNNPACK}
	for _, c := range randomgraph.Cases {
		dtype, n := dtypes[r.IntN(len(dtypes))], rules[r.IntN(len(rules))]
		g := c.Build(randomgraph.New(r, c.Name, dtype, n))
		if slices.ContainsFunc(g.Nodes, chooses) {
			continue // a rounding may change what is chosen
		}
		x := randomgraph.Image(r, 2, c.Channels, c.H, c.W)
		format := []onnx.Format{onnx.QDQ, onnx.QOperator}[r.IntN(2)]
		back := readBack(t, g, x, []int{13, onnx.MaxExportOpset}[r.IntN(2)], format)
		if back == nil {
			continue
		}
		back, _, err := rewrite.Fuse(back)
		if err == nil {
			back, err = rewrite.Integers(back)
		}
		if err != nil {
			t.Errorf("%s, %v: %v", c.Name, dtype, err)
			continue
		}
		if slices.ContainsFunc(g.Nodes, isDynamic) {
			back.Numerics = g.Numerics // as the record beside the graph says
		}
		want, got := run(t, g, x), run(t, back, x)
		for i := range want {
			alike(t, c.Name+" "+n.String()+" "+dtype.String()+" "+format.String(), want[i], got[i], largestStep(g))
		}
	}
}

// TestFreeExtents: what an operator needs of sizes that are free is an error that says so,
// and what it does not need stays free.
func TestFreeExtents(t *testing.T) {
	build := func(o graph.Op) *graph.Graph {
		g := graph.New("net")
		g.Outputs = []*graph.Value{g.AddNode("y", o, g.AddInput("x", graph.Float32))}
		return g
	}
	free := onnx.Export{Inputs: []onnx.Port{{Sizes: []int{0, 4, 0, 0}, Names: []string{"batch", "", "height", "width"}}}}
	if _, err := onnx.Marshal(build(op.AdaptiveAvgPool2D{Output: [2]int{2, 2}}), free); err == nil || !strings.Contains(err.Error(), `node "y" (adaptive_avg_pool2d): ONNX has no operator`) {
		t.Errorf("adaptive pool: %v", err)
	}
	data, err := onnx.Marshal(build(op.ChannelShuffle{Groups: 2}), free)
	if err != nil {
		t.Fatal(err)
	}
	f, err := onnx.Read(bytes.NewReader(data), int64(len(data)), "shuffle.onnx")
	if err != nil {
		t.Fatal(err)
	}
	ports, err := f.Outputs()
	if err != nil || len(ports) != 1 || ports[0].String() != "float32[batch, 4, height, width] y" {
		t.Errorf("outputs %v, %v", ports, err)
	}
	g, err := f.Graph(onnx.Given{})
	if err != nil {
		t.Fatal(err)
	}
	x := randomgraph.Image(testseed.Rand(t), 3, 4, 5, 6)
	sameNumbers(t, "shuffle", run(t, build(op.ChannelShuffle{Groups: 2}), x)[0], run(t, g, x)[0])
}

func sameNumbers(t *testing.T, name string, want, got *tensor.Tensor) {
	t.Helper()
	if !want.Shape().Equal(got.Shape()) || want.DType() != got.DType() {
		t.Errorf("%s: %v, want %v", name, got, want)
		return
	}
	if want.DType() != tensor.Float32 {
		if !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Errorf("%s: other numbers", name)
		}
		return
	}
	for i, w := range want.Float32s() {
		v := got.Float32s()[i]
		if d := math.Abs(float64(w - v)); !(d <= writtenFloats*max(1, math.Abs(float64(w)))) {
			t.Errorf("%s: element %d is %v, want %v", name, i, v, w)
			return
		}
	}
}

// chooses reports whether a node's results are places or a number of elements, which
// depend on which of two numbers is larger.
func chooses(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.TopK, op.ArgMax, op.Relation, graph.Deferring:
		return true
	}
	return false
}

// largestStep is the largest scale of an activation: what one code more or less may make
// of a number.
func largestStep(g *graph.Graph) float64 {
	step := 0.0
	for _, n := range g.Nodes {
		if q := n.Output().Type.Q; q != nil && q.IsPerTensor() {
			step = max(step, q.Scale())
		}
	}
	return step
}

// alike compares numbers that codes stand for, which ONNX rounds otherwise than the presets. The
// root of mean squares is not a step of codes, of which most are the same; a wrong scale or axis
// gives other numbers altogether.
func alike(t *testing.T, name string, want, got *tensor.Tensor, step float64) {
	t.Helper()
	if want.DType() != tensor.Float32 || got.DType() != tensor.Float32 {
		sameNumbers(t, name, want, got)
		return
	}
	if !want.Shape().Equal(got.Shape()) {
		t.Errorf("%s: %v, want %v", name, got, want)
		return
	}
	squares, largest := 0.0, 0.0
	for i, w := range want.Float32s() {
		d := float64(w - got.Float32s()[i])
		squares, largest = squares+d*d, max(largest, math.Abs(float64(w)))
	}
	if rms := math.Sqrt(squares / float64(max(1, want.Numel()))); !(rms <= step) {
		t.Errorf("%s: differs by %.3g of %.3g: %v, want %v", name, rms, largest, firstOf(got), firstOf(want))
	}
}

func firstOf(t *tensor.Tensor) []float32 { return slices.Clone(t.Float32s()[:min(6, t.Numel())]) }

// Weights have zero points of their own, also where their scales are equal: what ONNX Runtime
// replaces for one it would replace for both.
func TestWeightsShareNoZeroPoints(t *testing.T) {
	x := tensor.New(tensor.Float32, 1, 2, 4, 4)
	g := graph.New("twins")
	v := g.AddNode("x.codes", op.Quantize{}, g.AddInput("x", graph.Float32))
	v.Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(0.1, 128)}
	conv := op.Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	for i := range 3 {
		w := tensor.OfQuantized([]int8{1, int8(i), 3, 4}, &tensor.QParams{Scales: []float64{0.5, 0.25}, ZeroPoints: []int64{0, 0}}, 2, 2, 1, 1)
		v = g.AddNode(fmt.Sprint("conv", i), conv, v, g.AddConst(fmt.Sprint("w", i), w))
		v.Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(0.1, 128)}
	}
	g.Outputs = []*graph.Value{g.AddNode("y", op.Dequantize{}, v)}
	g.Numerics = quant.FBGEMM
	file, err := onnx.Marshal(g, exportOf(x, onnx.MaxExportOpset, onnx.QDQ))
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnxpb.Unmarshal(file)
	if err != nil {
		t.Fatal(err)
	}
	weights, zeros := 0, map[string]bool{}
	for _, n := range m.Graph.Node {
		if n.GetOpType() == "DequantizeLinear" && len(n.Attribute) > 0 {
			weights, zeros[n.Input[2]] = weights+1, true
		}
	}
	if weights != 3 || len(zeros) != 3 {
		t.Errorf("%d weights with scales per channel have %d zero points", weights, len(zeros))
	}
}

// unwritten are the operators that no ONNX file is written with, and why.
var unwritten = map[string]string{
	"bit_cast":      "ONNX has it since operator set 26, and those up to 21 are written",
	"cumprod":       "ONNX has it since operator set 26, and those up to 21 are written",
	"fake_quantize": "it trains; freezing a model replaces it",
	"from_int_repr": "a graph whose inputs are codes is written with numbers at its borders", "int_repr": "a graph whose outputs are codes is written with numbers at its borders",
	"quantize_whole": "the graph holds its integers as int64, where the file said how many bits they have", "dequantize_whole": "the graph holds its integers as int64, where the file said how many bits they have",
	"integer_conv2d": "the graph holds its integers as int64, where the file said which 8 bits they are",
	"integer_matmul": "the graph holds its integers as int64, where the file said which 8 bits they are",
}

// TestEveryOperatorIsWrittenOrHasAReason: an operator that graphs can have can be exported.
func TestEveryOperatorIsWrittenOrHasAReason(t *testing.T) {
	for _, proto := range op.Prototypes() {
		kind := proto.Kind()
		_, reason := unwritten[kind]
		if written := isWritten(proto); written == reason {
			t.Errorf("%s: written is %v, and %q says why not", kind, written, unwritten[kind])
		}
	}
}

// isWritten reports whether there is a writer for an operator, whatever else is wrong with a
// node of it.
func isWritten(o graph.Op) bool {
	if _, ok := o.(op.Split); ok {
		o = op.Split{Parts: 2} // it has as many results
	}
	g := graph.New("net")
	in := make([]*graph.Value, 8)
	for i := range in {
		in[i] = g.AddInput(fmt.Sprint("x", i), graph.Float32)
	}
	g.Outputs = []*graph.Value{g.AddNode("y", o, in...)}
	_, err := onnx.Marshal(g, onnx.Export{Opset: onnx.MaxExportOpset, Inputs: make([]onnx.Port, len(in))})
	return err == nil || !strings.Contains(err.Error(), "it is not written")
}

// isDynamic reports whether n chooses the parameters of codes.
func isDynamic(n *graph.Node) bool {
	_, ok := n.Op.(op.DynamicQuantize)
	return ok
}
