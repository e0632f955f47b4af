package ptq_test

import (
	"math"
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

func outputOf(t *testing.T, g *graph.Graph, x *tensor.Tensor) []float32 {
	t.Helper()
	p, err := engine.Compile(g, engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	y, err := p.NewSession().Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y[0].Float32s()
}

// guarded is a convolution with a function behind it and a layer that reads codes of both,
// of which each case spoils one channel.
func guarded(t *testing.T, spoil func(weight, bias []float32)) *graph.Graph {
	r := testseed.Rand(t)
	normal := func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(r.NormFloat64())
		}
		return x
	}
	g := graph.New("guarded")
	x := g.AddInput("x", graph.Float32)
	w, b := normal(6, 3, 3, 3), normal(6)
	spoil(w.Float32s()[:27], b.Float32s()[:1])
	a := g.AddNode("a", op.Conv2D{Groups: 1, Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}}, x, g.AddConst("wa", w), g.AddConst("ba", b))
	h := g.AddNode("h", op.SiLU{}, a)
	g.Outputs = []*graph.Value{g.AddNode("c", op.Conv2D{Groups: 1, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, h, g.AddConst("wc", normal(4, 6, 1, 1)), g.AddConst("bc", normal(4)))}
	return g
}

// Channels without weights, with tiny ones or a bias far from the sums of the others lose no
// more than rounding takes, and nothing becomes infinite; by rules that add biases in int32
// also.
func TestSpoiltChannels(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(w, b []float32)
	}{
		{"as it is", func(w, b []float32) {}},
		{"dead", func(w, b []float32) { clear(w); b[0] = 0 }},
		{"bias alone", func(w, b []float32) { clear(w); b[0] = 3 }},
		{"denormal", func(w, b []float32) { fill(w, 1e-42); b[0] = 3 }},
		{"tiny", func(w, b []float32) { fill(w, 1e-12); b[0] = -2 }},
		{"large bias", func(w, b []float32) { fill(w, 1e-12); b[0] = 60 }},
		{"huge bias", func(w, b []float32) { fill(w, 1e-9); b[0] = 1e6 }},
	} {
		for _, n := range []quant.Numerics{quant.FBGEMM, quant.QNNPACK} {
			t.Run(c.name+" "+n.String(), func(t *testing.T) {
				g := guarded(t, c.spoil)
				x, other := images(t, 0, 4, 3, 10, 10), images(t, 0, 4, 3, 10, 10)
				int8, _ := byRulesOf(t, n, g, x)
				if db := ptq.SQNR(outputOf(t, g, other), outputOf(t, int8, other)); !(db >= 15) {
					t.Errorf("%.1f dB", db)
				}
			})
		}
	}
}

// A bias that int32 does not hold in units of the scales makes the weights' scale larger.
func TestScalesHoldTheBias(t *testing.T) {
	g := guarded(t, func(w, b []float32) { fill(w, 1e-12); b[0] = 60 })
	int8, report := byRules(t, g, images(t, 0, 4, 3, 10, 10))
	n, _ := int8.Node("a")
	unit := n.Inputs[0].Type.Q.Scale() * n.Inputs[1].Type.Q.Scales[0]
	if code := 60 / unit; !(code < 1.01*(1<<30)) {
		t.Errorf("the bias has the code %g", code)
	}
	if len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "1 of 6 channels") {
		t.Errorf("warnings are %q", report.Warnings)
	}
}

// fewCodes is what rounding a value and weights of it takes, relative to the value: a dozen
// of 255 codes.
const fewCodes = 0.05

// Values that are all the same, zero or not, have a scale that gives them back.
func TestConstantActivations(t *testing.T) {
	for _, value := range []float32{0, 0.3, -700} {
		g := guarded(t, func(w, b []float32) {})
		n, _ := g.Node("a")
		clear(n.Inputs[1].Data.Float32s())
		fill(n.Inputs[2].Data.Float32s(), value)
		x := images(t, 0, 2, 3, 10, 10)
		int8, _ := byRules(t, g, x)
		want, got := outputOf(t, g, x), outputOf(t, int8, x)
		for i, v := range want {
			if d := math.Abs(float64(v - got[i])); !(d <= fewCodes*math.Max(1, math.Abs(float64(value)))) {
				t.Fatalf("%g: %g, not %g", value, got[i], v)
			}
		}
	}
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}
