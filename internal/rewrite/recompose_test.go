package rewrite

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// writer writes operators as several, in the ways of exporters.
type writer struct {
	maker
	wrong bool // one constant is not the operator's
	inner []*graph.Value
}

func newWriter(rng *rand.Rand) (*writer, *graph.Value) {
	w := &writer{maker: maker{g: graph.New("exported"), rng: rng}}
	return w, w.node(op.Linear{}, w.g.AddInput("x", graph.Float32), w.param("w", -1, 1, 8, 8))
}

func (w *writer) node(o graph.Op, in ...*graph.Value) *graph.Value {
	v := w.g.AddNode(w.name(o.Kind()), o, in...)
	w.inner = append(w.inner, v)
	return v
}

// constant is a number without axes, or with one of extent 1.
func (w *writer) constant(v float64) *graph.Value {
	t := tensor.Of([]float32{float32(v)})
	if w.rng.IntN(2) == 0 {
		t = tensor.Of([]float32{float32(v)}, 1)
	}
	return w.g.AddConst(w.name("constant"), t)
}

func (w *writer) either(o graph.Op, a, b *graph.Value) *graph.Value {
	if w.rng.IntN(2) == 0 {
		a, b = b, a
	}
	return w.node(o, a, b)
}

// times is v times c, written as a product or a quotient.
func (w *writer) times(v *graph.Value, c float64) *graph.Value {
	if w.wrong {
		c, w.wrong = c*1.01, false
	}
	if w.rng.IntN(2) == 0 {
		return w.node(op.Div{}, v, w.constant(1/c))
	}
	return w.either(op.Mul{}, v, w.constant(c))
}

func (w *writer) plus(v *graph.Value, c float64) *graph.Value {
	if w.rng.IntN(3) == 0 {
		return w.node(op.Sub{}, v, w.constant(-c))
	}
	return w.either(op.Add{}, v, w.constant(c))
}

// product multiplies values and a constant in any order.
func (w *writer) product(c float64, values ...*graph.Value) *graph.Value {
	w.rng.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	place := w.rng.IntN(len(values))
	p := values[0]
	for i, v := range values {
		if i > 0 {
			p = w.either(op.Mul{}, p, v)
		}
		if i == place && c != 1 {
			p = w.times(p, c)
		}
	}
	return p
}

func (w *writer) clamp6(v *graph.Value) *graph.Value {
	if w.rng.IntN(2) == 0 {
		return w.node(op.Clamp{Act: quant.ReLU6}, v)
	}
	return w.node(op.Clip{Lo: new(0.0), Hi: new(6.0)}, v)
}

func (w *writer) power(v *graph.Value, n int) *graph.Value {
	if w.rng.IntN(2) == 0 {
		return w.node(op.Pairwise{Name: "pow"}, v, w.constant(float64(n)))
	}
	p := v
	for range n - 1 {
		p = w.either(op.Mul{}, p, v)
	}
	return p
}

// compositions are what Recompose recognises, and the kind it becomes.
var compositions = []struct {
	kind  string
	write func(w *writer, x *graph.Value) *graph.Value
}{
	{"silu", func(w *writer, x *graph.Value) *graph.Value { return w.product(1, x, w.node(op.Sigmoid{}, x)) }},
	{"hardswish", func(w *writer, x *graph.Value) *graph.Value { return w.product(1./6, x, w.clamp6(w.plus(x, 3))) }},
	{"hardsigmoid", func(w *writer, x *graph.Value) *graph.Value { return w.product(1./6, w.clamp6(w.plus(x, 3))) }},
	{"mish", func(w *writer, x *graph.Value) *graph.Value {
		return w.product(1, x, w.node(op.Tanh{}, w.node(op.Function{Name: "softplus"}, x)))
	}},
	{"gelu", func(w *writer, x *graph.Value) *graph.Value {
		return w.product(0.5, x, w.plus(w.node(op.Function{Name: "erf"}, w.times(x, 1/math.Sqrt2)), 1))
	}},
	{"gelu_tanh", func(w *writer, x *graph.Value) *graph.Value {
		inner := w.either(op.Add{}, x, w.product(0.044715, w.power(x, 3)))
		return w.product(0.5, x, w.plus(w.node(op.Tanh{}, w.times(inner, math.Sqrt(2/math.Pi))), 1))
	}},
	{"layer_norm", func(w *writer, x *graph.Value) *graph.Value {
		mean := op.Mean{Axes: []int{-1}, KeepDim: true}
		d := w.node(op.Sub{}, x, w.node(mean, x))
		deviation := w.node(op.Function{Name: "sqrt"}, w.either(op.Add{}, w.node(mean, w.power(d, 2)), w.constant(1e-5)))
		scaled := w.either(op.Mul{}, w.node(op.Div{}, d, deviation), w.param("gamma", 0.5, 1.5, 8))
		return w.either(op.Add{}, scaled, w.param("beta", -1, 1, 8))
	}},
	{"linear", func(w *writer, x *graph.Value) *graph.Value {
		return w.either(op.Add{}, w.node(op.Linear{}, x, w.param("w2", -1, 1, 8, 8)), w.param("b2", -1, 1, 8))
	}},
}

func kindsOf(g *graph.Graph) string {
	var s []string
	for _, n := range g.Nodes {
		s = append(s, n.Op.Kind())
	}
	return strings.Join(s, " ")
}

// However an exporter writes an operator, it becomes one again and computes the same.
func TestRecomposeKeepsTheFunction(t *testing.T) {
	rng := testseed.Rand(t)
	for _, c := range compositions {
		for range 40 {
			w, x := newWriter(rng)
			last := c.write(w, x)
			w.g.Outputs = []*graph.Value{last}
			got, err := Recompose(w.g)
			if err != nil {
				t.Fatal(err)
			}
			if kindsOf(got) != "linear "+c.kind || got.Nodes[1].Name != last.Node.Name {
				t.Errorf("%s, written as %s, became %s", c.kind, kindsOf(w.g), kindsOf(got))
				continue
			}
			alike(t, rng, c.kind, w.g, got)
		}
	}
}

// alike compares two graphs on random numbers; the roundings in between may differ.
func alike(t *testing.T, rng *rand.Rand, what string, a, b *graph.Graph) {
	t.Helper()
	const roundings = 1e-5
	x := tensor.New(tensor.Float32, 3, 8)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(rng.NormFloat64() * 2)
	}
	want, got := run(t, a, x), run(t, b, x)
	for o := range want {
		for i, v := range want[o].Float32s() {
			if u := got[o].Float32s()[i]; math.Abs(float64(u-v)) > roundings*max(1, math.Abs(float64(v))) {
				t.Fatalf("%s, written as %s: %v, not %v", what, kindsOf(a), u, v)
			}
		}
	}
}

// What somebody else reads in between, and what has another constant, stays as it is written.
func TestRecomposeLeavesOthersAlone(t *testing.T) {
	rng := testseed.Rand(t)
	for _, c := range compositions {
		for range 20 {
			w, x := newWriter(rng)
			last := c.write(w, x)
			w.g.Outputs = []*graph.Value{last}
			between := w.inner[1+rng.IntN(len(w.inner)-2):][0] // neither x nor the last
			if between == last {
				continue
			}
			w.g.Outputs = append(w.g.Outputs, between)
			got, err := Recompose(w.g)
			if err != nil {
				t.Fatal(err)
			}
			if !got.IsOutput(got.Outputs[1]) || got.Outputs[1].Name != between.Name {
				t.Errorf("%s: output %s became %s", c.kind, between.Name, got.Outputs[1].Name)
			}
			alike(t, rng, c.kind, w.g, got)
		}
		if c.kind == "silu" || c.kind == "mish" || c.kind == "layer_norm" || c.kind == "linear" {
			continue // no constant is multiplied
		}
		for range 20 {
			w, x := newWriter(rng)
			w.wrong = true
			w.g.Outputs = []*graph.Value{c.write(w, x)}
			got, err := Recompose(w.g)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(kindsOf(got), " "+c.kind) && len(got.Nodes) == 2 {
				t.Errorf("%s with another constant, written as %s, became %s", c.kind, kindsOf(w.g), kindsOf(got))
			}
			alike(t, rng, c.kind, w.g, got)
		}
	}
}

// A number with an axis gives a result without axes one: that is no activation.
func TestRecomposeKeepsTheShape(t *testing.T) {
	g := graph.New("exported")
	x := g.AddInput("x", graph.Float32)
	three := g.AddNode("three", op.Add{}, x, g.AddConst("c3", tensor.Of([]float32{3}, 1)))
	clip := g.AddNode("clip", op.Clamp{Act: quant.ReLU6}, three)
	g.Outputs = []*graph.Value{g.AddNode("y", op.Div{}, clip, g.AddConst("c6", tensor.Of([]float32{6}, 1)))}
	got, err := Recompose(g)
	if err != nil {
		t.Fatal(err)
	}
	if kindsOf(got) != "add relu6 div" {
		t.Errorf("became %s", kindsOf(got))
	}
}

// A function that a quantized file has as several between its codes computes on codes, once
// it is one again; a product of such a file keeps its float bias out of its integers.
func TestRecomposedFunctionsComputeOnCodes(t *testing.T) {
	g := graph.New("exported")
	g.Numerics = quant.ONNX
	q := g.AddNode("q", op.Quantize{}, g.AddInput("x", graph.Float32))
	q.Type = u8(0.1, 128)
	x := g.AddNode("dq", op.Dequantize{}, q)
	y := g.AddNode("y", op.Mul{}, x, g.AddNode("s", op.Sigmoid{}, x))
	out := g.AddNode("yq", op.Quantize{}, y)
	out.Type = u8(0.05, 6)
	product := g.AddNode("product", op.Linear{}, g.AddNode("dq2", op.Dequantize{}, out), g.AddConst("w", tensor.Of([]float32{1, 2, 3, 4}, 2, 2)))
	g.Outputs = []*graph.Value{g.AddNode("sum", op.Add{}, product, g.AddConst("b", tensor.Of([]float32{1, 2}, 2)))}
	got, err := Recompose(g)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = Integers(got); err != nil {
		t.Fatal(err)
	}
	if want := "quantize silu dequantize linear add"; kindsOf(got) != want || got.Nodes[1].Output().Type.DType != tensor.QUInt8 {
		t.Errorf("%s, the function in %v; want %s on codes", kindsOf(got), got.Nodes[1].Output().Type.DType, want)
	}
}
