package compare_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// golden holds figures of PyTorch's numeric suite; tools/golden/compare.py makes
// the file.
type golden struct {
	Models  []goldenModel
	Vectors []struct {
		Seed      uint64
		N         int
		Noise     float32
		SQNR      float64
		Histogram []uint64
	}
	Answers struct {
		N, Classes, Agree, Top1, Top5 int
		Seed                          uint64
		Labels                        []int
		SQNR                          float64
		Confusion                     [][]int
	}
}

type goldenModel struct {
	Arch        string
	Backend     quant.Numerics
	Seed        uint64
	Size, Batch int
	Exponents   map[string]int
	Activations map[string][2]float64
	Layers      map[string][3]*float64 // accumulated, isolated, introduced
	Weights     map[string]float64
	Logits      float64
}

func readGolden(t *testing.T) golden {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// converted is the graph with exactly PyTorch's parameters of activations.
func (m goldenModel) converted(t *testing.T, float *graph.Graph) *graph.Graph {
	t.Helper()
	g, _ := convert(t, float, "torchvision", m.Backend, []*tensor.Tensor{m.input()})
	g = g.Clone()
	for _, n := range g.Nodes {
		want, ok := m.Activations[n.Name]
		switch {
		case ok:
			n.Output().Type.Q = tensor.Affine(want[0], int64(want[1]))
		case n.Output().Type.Q != nil:
			n.Output().Type.Q = n.Inputs[0].Type.Q
		}
	}
	return g
}

func (m goldenModel) input() *tensor.Tensor {
	return hashweights.Images(m.Batch, 3, m.Size, m.Seed*100)
}

// Layer by layer, the ratios are those of PyTorch's numeric suite, but for float
// sums in another order, which tip an input of a layer over to the next code now
// and then.
func TestLayersEqualPyTorch(t *testing.T) {
	for _, m := range readGolden(t).Models {
		t.Run(m.Arch, func(t *testing.T) {
			t.Parallel()
			float := fused(t, m.Arch, hashweights.Model{Seed: m.Seed, Exponents: m.Exponents})
			g := m.converted(t, float)
			layers, err := compare.Layers(context.Background(), float, g, compare.Each([]*tensor.Tensor{m.input()}), compare.Options{})
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			for _, l := range layers {
				want, ok := m.Layers[l.Node]
				if !ok {
					continue
				}
				seen++
				for i, got := range []compare.Decibels{l.Accumulated, l.Isolated, l.Introduced} {
					near(t, l.Node+[]string{" accumulated", " isolated", " introduced"}[i], float64(got), *want[i], torchBound)
				}
			}
			if seen != len(m.Layers) {
				t.Errorf("%d layers, PyTorch has %d", seen, len(m.Layers))
			}
			m.checkWeights(t, float, g)
		})
	}
}

func (m goldenModel) checkWeights(t *testing.T, float, g *graph.Graph) {
	t.Helper()
	weights, err := compare.WeightsOf(float, []*graph.Graph{g})
	if err != nil {
		t.Fatal(err)
	}
	if len(weights) != len(m.Weights) {
		t.Errorf("%d weights, PyTorch has %d", len(weights), len(m.Weights))
	}
	for _, w := range weights {
		near(t, "weight of "+w.Node, float64(w.Forms[0].SQNR), m.Weights[w.Node], naiveBound)
	}
}

func TestAnswersEqualPyTorch(t *testing.T) {
	a := readGolden(t).Answers
	want := hashweights.Uniform("want", a.N*a.Classes, a.Seed)
	got := hashweights.Uniform("got", a.N*a.Classes, a.Seed)
	for i := range got {
		got[i] = want[i] + float32(0.2*got[i])
	}
	var o compare.Outputs
	if err := o.Add(names(a.N), a.Labels, tensor.Of(want, a.N, a.Classes), tensor.Of(got, a.N, a.Classes)); err != nil {
		t.Fatal(err)
	}
	if o.Inputs-o.ChangedCount != a.Agree || o.Accuracy.Top1 != a.Top1 || o.Accuracy.Top5 != a.Top5 {
		t.Errorf("%d agree, %d and %d right; PyTorch has %d, %d and %d", o.Inputs-o.ChangedCount, o.Accuracy.Top1, o.Accuracy.Top5, a.Agree, a.Top1, a.Top5)
	}
	if diff := cmp.Diff(a.Confusion, o.Accuracy.Confusion); diff != "" {
		t.Error(diff)
	}
	near(t, "SQNR", float64(o.SQNR), a.SQNR, logitsBound)
}

func TestVectorsEqualPyTorch(t *testing.T) {
	for _, v := range readGolden(t).Vectors {
		x, y := hashweights.Uniform("x", v.N, v.Seed), hashweights.Uniform("noise", v.N, v.Seed)
		for i := range y {
			y[i] = x[i] + float32(v.Noise*y[i])
		}
		var n compare.Noise
		n.Add(x, y)
		near(t, "SQNR", float64(n.Decibels()), v.SQNR, vectorBound)
		counts := make([]uint64, len(v.Histogram))
		a := activationOf(t, x, tensor.Affine(1./128, 128))
		for i, c := range a.Counts {
			counts[int((a.Start+a.Width*(float64(i)+0.5)+1)*8)] += c
		}
		if diff := cmp.Diff(v.Histogram, counts); diff != "" {
			t.Errorf("histogram (-torch.histc +octet)\n%s", diff)
		}
	}
}

// stub is a graph that only quantizes its input, and the float one.
func stub(q *tensor.QParams) (float, int8 *graph.Graph) {
	build := func(t graph.Type) *graph.Graph {
		g := graph.New("stub")
		g.Numerics = quant.FBGEMM
		v := g.AddNode("quant", op.Quantize{}, g.AddInput("x", graph.Float32))
		v.Type = t
		g.Outputs = []*graph.Value{g.AddNode("dequant", op.Dequantize{}, v)}
		return g
	}
	return build(graph.Float32), build(graph.Type{DType: tensor.QUInt8, Q: q})
}

func activationOf(t *testing.T, x []float32, q *tensor.QParams) compare.Activation {
	t.Helper()
	float, int8 := stub(q)
	all, err := compare.Activations(context.Background(), float, []compare.Rival{{Graph: int8}}, [][]*tensor.Tensor{{tensor.Of(x, 1, 1, 1, len(x))}}, compare.Options{})
	if err != nil || len(all) != 1 || all[0].Value != "quant" {
		t.Fatalf("%+v, %v", all, err)
	}
	return all[0]
}

func TestActivationOfKnownValues(t *testing.T) {
	// The codes stand for -1 to 2.984375 in steps of 1/64.
	x := []float32{-3, -1, 0, 0.5, 1.99, 2.1, 8, -1.004, 2}
	a := activationOf(t, x, tensor.Affine(1./64, 64))
	c := a.Forms[0]
	if a.Min != -3 || a.Max != 8 {
		t.Errorf("the values are from %v to %v", a.Min, a.Max)
	}
	if c.Scale != 1./64 || c.ZeroPoint != 64 || c.Min != -1 || c.Max != 191./64 {
		t.Errorf("codes: %+v", c)
	}
	near(t, "cut off", c.Outside, 100*2./9, float64Bound) // -3 and 8
	var sum uint64
	for i, n := range a.Counts {
		inside := uint64(0)
		for _, v := range x {
			if lo := a.Start + a.Width*float64(i); float64(v) >= lo && float64(v) < lo+a.Width {
				inside++
			}
		}
		if n != inside {
			t.Errorf("bin %d holds %d values, %d lie in it", i, n, inside)
		}
		sum += n
	}
	if sum != uint64(len(x)) || len(a.Counts) > 128 || math.Log2(a.Width) != math.Trunc(math.Log2(a.Width)) {
		t.Errorf("%d values in %d bins of %g", sum, len(a.Counts), a.Width)
	}
	float, int8 := stub(tensor.Affine(1./64, 64))
	all, err := compare.Activations(context.Background(), float, []compare.Rival{{Graph: int8, Codes: quant.CodeRange{Min: 0, Max: 127}}, {Graph: float}},
		[][]*tensor.Tensor{{tensor.Of(x, 1, 1, 1, len(x))}}, compare.Options{})
	if err != nil || all[0].Forms[0].Max != 63./64 || all[0].Forms[1] != nil {
		t.Errorf("%+v, %v", all, err)
	}
}
