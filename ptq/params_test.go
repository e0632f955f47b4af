package ptq_test

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// byRules is the int8 graph of g with ranges of least squared error, calibrated on images.
func byRules(t *testing.T, g *graph.Graph, images ...*tensor.Tensor) (*graph.Graph, *ptq.Report) {
	t.Helper()
	return byRulesOf(t, quant.FBGEMM, g, images...)
}

// byRulesOf is byRules for other numerics.
func byRulesOf(t *testing.T, n quant.Numerics, g *graph.Graph, images ...*tensor.Tensor) (*graph.Graph, *ptq.Report) {
	t.Helper()
	q, err := quant.ParseQConfig("octet", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	q.Activation.Kind = quant.MSE
	p, err := ptq.Prepare(g, q, ptq.Options{Rules: true})
	if err != nil {
		t.Fatal(err)
	}
	stats, err := ptq.Calibrate(t.Context(), p, func(yield func(*tensor.Tensor, error) bool) {
		for _, x := range images {
			if !yield(x, nil) {
				return
			}
		}
	}, ptq.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	int8, report, err := ptq.Convert(p, stats, n)
	if err != nil {
		t.Fatal(err)
	}
	return int8, report
}

// images are normal numbers around a centre.
func images(t *testing.T, centre float64, shape ...int) *tensor.Tensor {
	r := testseed.Rand(t)
	x := tensor.New(tensor.Float32, shape...)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(centre + r.NormFloat64())
	}
	return x
}

func scaleOf(t *testing.T, g *graph.Graph, name string) *tensor.QParams {
	t.Helper()
	n, ok := g.Node(name)
	if !ok || n.Output().Type.Q == nil {
		t.Fatalf("%s has no codes", name)
	}
	return n.Output().Type.Q
}

// What a hardswish makes zero needs no codes in front of it, unless another reads the values.
func TestRangeServesTheFunctionBehindIt(t *testing.T) {
	for _, shared := range []bool{false, true} {
		g := graph.New("gated")
		x := g.AddInput("x", graph.Float32)
		a := g.AddNode("a", op.Conv2D{Groups: 1, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, x, weights(t, g, "wa", 8, 3, 3, 3))
		h := g.AddNode("h", op.Hardswish{}, a)
		if shared {
			h = g.AddNode("sum", op.Add{}, h, a)
		}
		g.Outputs = []*graph.Value{g.AddNode("b", op.Conv2D{Groups: 1, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, h, weights(t, g, "wb", 4, 8, 1, 1))}
		int8, _ := byRules(t, g, images(t, 0, 4, 3, 12, 12))
		q := scaleOf(t, int8, "a")
		low := float64(0-q.ZeroPoint()) * q.Scale()
		if !shared && low < -4 || shared && low > -4 {
			t.Errorf("shared %v: codes begin at %g", shared, low)
		}
	}
}

// An average over an image has a scale of its own where that is finer than that of the codes
// it is taken of, and theirs where it is not.
func TestAveragesHaveFinerSteps(t *testing.T) {
	for _, c := range []struct {
		centre float64
		finer  bool
	}{{0, true}, {20, false}} {
		g := graph.New("pooled")
		x := g.AddInput("x", graph.Float32)
		a := g.AddNode("a", op.Conv2D{Groups: 3, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, x, g.AddConst("wa", tensor.Of([]float32{1, 1, 1}, 3, 1, 1, 1)))
		m := g.AddNode("m", op.Mean{Axes: []int{2, 3}}, a)
		g.Outputs = []*graph.Value{g.AddNode("fc", op.Linear{}, m, weights(t, g, "w", 5, 3))}
		expect(t, decisions(t, g), map[string]ptq.Decision{"a": {Kind: ptq.Own}, "m": {Reason: ptq.Averages}, "fc": {Kind: ptq.Real}})
		int8, _ := byRules(t, g, images(t, c.centre, 4, 3, 12, 12))
		of, average := scaleOf(t, int8, "a"), scaleOf(t, int8, "m.quant")
		if c.finer && average.Scale() > of.Scale()/2 || !c.finer && !average.Equal(of) {
			t.Errorf("centre %g: averages have scale %g, what they are taken of %g", c.centre, average.Scale(), of.Scale())
		}
	}
}
