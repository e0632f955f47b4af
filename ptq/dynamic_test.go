package ptq_test

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// attention has two layers that read the same value and share a weight, and one behind a product
// of two activations.
func attention(t *testing.T) *graph.Graph {
	g := graph.New("attention")
	x := g.AddInput("x", graph.Float32)
	w := weights(t, g, "w", 13, 7)
	q := g.AddNode("q", op.Linear{}, x, w, weights(t, g, "b", 13))
	k := g.AddNode("k", op.Linear{Act: quant.ReLU}, x, w)
	p := g.AddNode("p", op.MatMul{}, q, g.AddNode("turned", op.Transpose{Perm: []int{1, 0}}, k))
	p = g.AddNode("softmax", op.Softmax{Axis: -1}, p)
	y := g.AddNode("out", op.Linear{}, g.AddNode("pv", op.MatMul{}, p, k), weights(t, g, "v", 5, 13), weights(t, g, "c", 5))
	g.Outputs = []*graph.Value{y}
	return g
}

func dynamicOptions(t *testing.T, name string, n quant.Numerics) ptq.DynamicOptions {
	t.Helper()
	c, err := quant.ParseQConfig(name, n)
	if err != nil {
		t.Fatal(err)
	}
	return ptq.DynamicOptions{QConfig: c}
}

// Layers that read a value read the same codes, and nodes that share a weight its codes.
func TestDynamicSharesCodesAndWeights(t *testing.T) {
	g := attention(t)
	d, report, err := ptq.Dynamic(g, quant.ONNX, dynamicOptions(t, "per_channel_dynamic_qconfig", quant.ONNX))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	q, _ := d.Node("q")
	k, _ := d.Node("k")
	if !slices.Equal(q.Inputs[:4], k.Inputs[:4]) || q.Op.Kind() != "dynamic_linear" {
		t.Errorf("q reads %v, k %v", q.Inputs, k.Inputs)
	}
	for _, p := range d.Params {
		if p.Type.DType == tensor.Float32 && len(p.Type.Shape) > 1 {
			t.Errorf("the float weight %s is still there", p.Name)
		}
	}
	dynamic := 0
	for _, n := range report.Nodes {
		if n.Dynamic != n.Int8 || !n.Int8 && (n.Reason != ptq.Unweighted || n.Note == "") {
			t.Errorf("%s: %+v", n.Name, n)
		}
		if n.Op == "dynamic_linear" {
			dynamic++
			if n.WeightSQNR == nil || *n.WeightSQNR < 30 {
				t.Errorf("%s: SQNR of the weight %v", n.Name, n.WeightSQNR)
			}
		}
	}
	if dynamic != 3 || report.Int8Bytes >= report.FloatBytes {
		t.Errorf("%d layers are dynamic, %d of %d bytes", dynamic, report.Int8Bytes, report.FloatBytes)
	}
	if n, _ := g.Node("q"); n.Op.Kind() != "linear" {
		t.Error("the float graph was changed")
	}
}

// The engine gives the bits of the operators under every preset, also for extreme operands.
func TestDynamicIsThatOfTheOperators(t *testing.T) {
	r := testseed.Rand(t)
	for _, n := range []quant.Numerics{quant.FBGEMM, quant.QNNPACK, quant.OneDNN, quant.ONNX} {
		for _, byRow := range []bool{false, true} {
			name := []string{"default_dynamic_qconfig", "per_channel_dynamic_qconfig"}[r.IntN(2)]
			g := graph.New("linear")
			x := g.AddInput("x", graph.Float32)
			g.Outputs = []*graph.Value{
				g.AddNode("a", op.Linear{}, x, weights(t, g, "w", 37, 61), weights(t, g, "b", 37)),
				g.AddNode("r", op.Linear{Act: quant.ReLU}, x, weights(t, g, "w2", 3, 61)),
			}
			opts := dynamicOptions(t, name, n)
			opts.ByRow = byRow
			d, _, err := ptq.Dynamic(g, n, opts)
			if err != nil {
				t.Fatal(err)
			}
			p, err := engine.Compile(d, engine.Options{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			ref, err := engine.Reference(d)
			if err != nil {
				t.Fatal(err)
			}
			for _, scale := range []float64{0, 1e-30, 1e-3, 1, 1e30, math.MaxFloat32 / 8} {
				in := tensor.New(tensor.Float32, 1+r.IntN(17), 61)
				for i := range in.Float32s() {
					in.Float32s()[i] = float32(scale * (r.Float64()*3 - float64(r.IntN(3))))
				}
				got, err := p.NewSession().Run(context.Background(), in)
				if err != nil {
					t.Fatal(err)
				}
				want, err := ref.Run(context.Background(), in)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if !bytes.Equal(got[i].Bytes(), want[i].Bytes()) {
						t.Errorf("%v, %s, by row %v, numbers of %g: output %d differs from the operators'", n, name, byRow, scale, i)
					}
				}
			}
		}
	}
}

// With ranges by row, what becomes of a row does not depend on the others, and no row of small
// numbers is lost beside one of large ones.
func TestDynamicByRowKeepsRowsApart(t *testing.T) {
	r := testseed.Rand(t)
	g := graph.New("linear")
	g.Outputs = []*graph.Value{g.AddNode("y", op.Linear{}, g.AddInput("x", graph.Float32), weights(t, g, "w", 19, 61))}
	opts := dynamicOptions(t, "per_channel_dynamic_qconfig", quant.ONNX)
	opts.ByRow = true
	d, _, err := ptq.Dynamic(g, quant.ONNX, opts)
	if err != nil {
		t.Fatal(err)
	}
	run := func(g *graph.Graph, x *tensor.Tensor) []float32 {
		p, err := engine.Compile(g, engine.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		y, err := p.NewSession().Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		return y[0].Float32s()
	}
	const rows = 5
	x := tensor.New(tensor.Float32, rows, 61)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64() * math.Pow(100, float64(i/61)))
	}
	all, float := run(d, x), run(g, x)
	for i := range rows {
		row := all[i*19:][:19]
		if alone := run(d, x.Rows(i, i+1)); !slices.Equal(alone, row) {
			t.Errorf("row %d alone gives %v, among others %v", i, alone, row)
		}
		if s := ptq.SQNR(float[i*19:][:19], row); s < 25 {
			t.Errorf("row %d has an SQNR of %.1f dB", i, s)
		}
	}
}

func TestDynamicKeepsInFloat(t *testing.T) {
	g := attention(t)
	opts := dynamicOptions(t, "default_dynamic_qconfig", quant.FBGEMM)
	opts.Exclude = []string{"out"}
	d, report, err := ptq.Dynamic(g, quant.FBGEMM, opts)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := d.Node("out"); n.Op.Kind() != "linear" || !strings.Contains(n.Note, "excluded") {
		t.Errorf("out is %s: %s", n.Op.Kind(), n.Note)
	}
	for _, n := range report.Nodes {
		if n.Name == "out" && n.Reason != ptq.Excluded {
			t.Errorf("out: %+v", n)
		}
	}
	for _, c := range []struct {
		exclude []string
		n       quant.Numerics
		says    string
	}{
		{[]string{"out", "q", "k"}, quant.FBGEMM, "no node would be quantized"},
		{[]string{"fc"}, quant.FBGEMM, "matches no node"},
		{nil, quant.NumericsUnset, "needs a backend"},
	} {
		opts.Exclude = c.exclude
		if _, _, err := ptq.Dynamic(g, c.n, opts); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("exclude %v, %v: %v", c.exclude, c.n, err)
		}
	}
}

// Under the preset onnx the table of an embedding becomes codes, of which rows are dequantized;
// PyTorch's presets leave it in float, and small ones stay so.
func TestDynamicEmbedding(t *testing.T) {
	g := graph.New("embedding")
	ids := g.AddInput("ids", graph.Type{DType: tensor.Int64})
	e := g.AddNode("e", op.Gather{}, weights(t, g, "table", 1031, 17), ids)
	small := g.AddNode("small", op.Gather{}, weights(t, g, "few", 31, 17), ids)
	g.Outputs = []*graph.Value{e, g.AddNode("y", op.Linear{}, g.AddNode("sum", op.Add{}, e, small), weights(t, g, "w", 5, 17))}
	in := tensor.Of([]int64{0, 1030 - 1000, 7, -1}, 4)
	run := func(g *graph.Graph) []*tensor.Tensor {
		p, err := engine.Compile(g, engine.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		y, err := p.NewSession().Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	want := run(g)
	for n, kind := range map[quant.Numerics]tensor.DType{quant.ONNX: tensor.QInt8, quant.FBGEMM: tensor.Float32} {
		d, _, err := ptq.Dynamic(g, n, dynamicOptions(t, "per_channel_dynamic_qconfig", n))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Validate(); err != nil {
			t.Fatal(err)
		}
		rows, _ := d.Node("e")
		few, _ := d.Node("small")
		if rows.Output().Type.DType != kind || few.Output().Type.DType != tensor.Float32 {
			t.Errorf("%v: the rows are %v, those of a small table %v", n, rows.Output().Type, few.Output().Type)
		}
		for i, y := range run(d) {
			if s := ptq.SQNR(want[i].Float32s(), y.Float32s()); s < 25 {
				t.Errorf("%v: output %d has an SQNR of %.1f dB", n, i, s)
			}
		}
	}
}

// A GRU is dynamic where its reset gate multiplies what the state adds; of one that was quantized
// elsewhere with the other form there is no float weight to fall back on.
func TestDynamicGRU(t *testing.T) {
	build := func(before bool) *graph.Graph {
		g := graph.New("gru")
		weight := func(name string, k int) *graph.Value {
			w := tensor.New(tensor.Float32, 1, 9, k)
			for i := range w.Float32s() {
				w.Float32s()[i] = float32(i%7) - 3
			}
			return g.AddConst(name, w)
		}
		x := g.AddInput("x", graph.Float32)
		y := g.AddNode("gru", op.GRU{LinearBeforeReset: before}, x, weight("w", 2), weight("r", 3))
		g.Outputs = []*graph.Value{g.AddNode("fc", op.Linear{}, y, g.AddConst("fc.weight", tensor.Of([]float32{1, 2, 3}, 1, 3)))}
		return g
	}
	for before, want := range map[bool]string{true: "dynamic_gru", false: "gru"} {
		g, _, err := ptq.Dynamic(build(before), quant.FBGEMM, dynamicOptions(t, "default_dynamic_qconfig", quant.FBGEMM))
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(g.Nodes, func(n *graph.Node) bool { return n.Name == "gru" }); i < 0 || g.Nodes[i].Op.Kind() != want {
			t.Errorf("linear_before_reset %v: %v", before, g.Nodes)
		}
	}
	opts := dynamicOptions(t, "default_dynamic_qconfig", quant.FBGEMM)
	opts.ScaleOf = func([]float32) (float64, bool) { return 1, true }
	if _, _, err := ptq.Dynamic(build(false), quant.FBGEMM, opts); err == nil || !strings.Contains(err.Error(), "linear_before_reset") {
		t.Errorf("a quantized one: %v", err)
	}
}
