package ptq_test

import (
	"context"
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

// Layers with weights in codes give the bits of those with the numbers that the codes stand for, in
// any batch; smaller groups are closer to the float weights, and layers share what was shared.
func TestWeightOnlyIsTheLayerOfItsNumbers(t *testing.T) {
	r := testseed.Rand(t)
	g := graph.New("linear")
	x := g.AddInput("x", graph.Float32)
	w, k := weights(t, g, "w", 45, 64), 64
	for i := range w.Data.Float32s() { // rows whose parts have ranges of their own
		w.Data.Float32s()[i] *= float32(1 + i%k/16)
	}
	g.Outputs = []*graph.Value{
		g.AddNode("a", op.Linear{}, x, w, weights(t, g, "b", 45)),
		g.AddNode("r", op.Linear{Act: quant.ReLU}, x, w),
		g.AddNode("odd", op.Linear{}, g.AddNode("relu", op.Clamp{Act: quant.ReLU}, g.AddNode("f", op.Linear{}, x, weights(t, g, "w2", 31, k))), weights(t, g, "w3", 5, 31)),
	}
	c, err := quant.ParseQConfig("per_channel_dynamic_qconfig", quant.ONNX)
	if err != nil {
		t.Fatal(err)
	}
	var closeness []float64
	for _, group := range []int{0, 32, 16} {
		d, report, err := ptq.WeightOnly(g, ptq.WeightOnlyOptions{QConfig: c, GroupSize: group, Exclude: []string{"f"}})
		if err != nil {
			t.Fatal(err)
		}
		a, _ := d.Node("a")
		q, _ := d.Node("r")
		f, _ := d.Node("f")
		odd, _ := d.Node("odd")
		if a.Inputs[1] != q.Inputs[1] || f.Op.Kind() != "linear" || odd.Op.(op.WeightOnlyLinear).Groups != 1 {
			t.Errorf("groups of %d: %+v, %+v, %s, %+v", group, a.Op, q.Op, f.Op.Kind(), odd.Op)
		}
		for _, n := range report.Nodes {
			if n.Name == "a" {
				closeness = append(closeness, *n.WeightSQNR)
			}
			if n.Name == "f" && (n.Int8 || n.Reason != ptq.Excluded) {
				t.Errorf("%+v", n)
			}
		}
		twin := g.Clone()
		for _, n := range twin.Nodes {
			if made, _ := d.Node(n.Name); made.Op.Kind() == "weight_only_linear" {
				real, err := quant.Dequantize(made.Inputs[1].Data)
				if err != nil {
					t.Fatal(err)
				}
				n.Inputs[1] = twin.AddConst(n.Name+"/numbers", tensor.Of(real.Float32s(), n.Inputs[1].Data.Shape()...))
			}
		}
		for _, rows := range []int{1, 5, 230} {
			in := tensor.New(tensor.Float32, rows, k)
			for i := range in.Float32s() {
				in.Float32s()[i] = float32(r.NormFloat64())
			}
			for _, threads := range []int{1, 3} {
				got, want := outputs(t, d, threads, in), outputs(t, twin, threads, in)
				for i := range got {
					if !slices.Equal(got[i].Float32s(), want[i].Float32s()) {
						t.Errorf("groups of %d, %d rows, %d threads: output %d differs", group, rows, threads, i)
					}
				}
			}
		}
	}
	if !(closeness[0] < closeness[1] && closeness[1] < closeness[2]) {
		t.Errorf("weights are %v dB close", closeness)
	}
}

// outputs runs a graph.
func outputs(t *testing.T, g *graph.Graph, threads int, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	p, err := engine.Compile(g, engine.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	y, err := p.NewSession().Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func TestWeightOnlyRefuses(t *testing.T) {
	g := graph.New("none")
	g.Outputs = []*graph.Value{g.AddNode("relu", op.Clamp{Act: quant.ReLU}, g.AddInput("x", graph.Float32))}
	c, err := quant.ParseQConfig("per_channel_dynamic_qconfig", quant.ONNX)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		want string
		ptq.WeightOnlyOptions
	}{
		{"no weight would be quantized", ptq.WeightOnlyOptions{QConfig: c}},
		{"groups of -1", ptq.WeightOnlyOptions{QConfig: c, GroupSize: -1}},
		{"qint8 is stored", ptq.WeightOnlyOptions{}},
	} {
		if _, _, err := ptq.WeightOnly(g, o.WeightOnlyOptions); err == nil || !strings.Contains(err.Error(), o.want) {
			t.Errorf("%v, want %q", err, o.want)
		}
	}
}
