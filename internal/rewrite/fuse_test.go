package rewrite

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// maker builds random float graphs of the layers that Fuse knows.
type maker struct {
	g   *graph.Graph
	rng *rand.Rand
	n   int
}

func (m *maker) name(kind string) string {
	m.n++
	return fmt.Sprintf("%s%d", kind, m.n)
}

func (m *maker) param(name string, lo, hi float32, shape ...int) *graph.Value {
	v := m.g.AddParam(name, shape...)
	x := make([]float32, v.Type.Shape.Numel())
	for i := range x {
		x[i] = lo + (hi-lo)*m.rng.Float32()
	}
	v.Data = tensor.Of(x, shape...)
	return v
}

func (m *maker) conv(x *graph.Value, channels int, bias bool) *graph.Value {
	name := m.name("conv")
	in := []*graph.Value{x, m.param(name+".weight", -0.4, 0.4, channels, channels, 3, 3)}
	if bias {
		in = append(in, m.param(name+".bias", -1, 1, channels))
	}
	return m.g.AddNode(name, op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}, in...)
}

func (m *maker) norm(x *graph.Value, channels int) *graph.Value {
	name := m.name("bn")
	return m.g.AddNode(name, op.BatchNorm{Eps: 1e-5}, x,
		m.param(name+".weight", 0.5, 1.5, channels), m.param(name+".bias", -1, 1, channels),
		m.param(name+".running_mean", -1, 1, channels), m.param(name+".running_var", 0.3, 2, channels))
}

func (m *maker) clamp(x *graph.Value) *graph.Value {
	act := []quant.Activation{quant.ReLU, quant.ReLU6}[m.rng.IntN(2)]
	return m.g.AddNode(m.name("clamp"), op.Clamp{Act: act}, x)
}

// random returns a graph of some layers, in which results are now and then read
// twice or given out, so that fusing them would be wrong.
func random(rng *rand.Rand) *graph.Graph {
	m := &maker{g: graph.New("random"), rng: rng}
	channels := 1 + rng.IntN(4)
	values := []*graph.Value{m.g.AddInput("x", graph.Float32)}
	for range 3 + rng.IntN(10) {
		x := values[len(values)-1]
		if rng.IntN(4) == 0 {
			x = values[rng.IntN(len(values))]
		}
		switch rng.IntN(4) {
		case 0:
			x = m.conv(x, channels, rng.IntN(2) == 0)
		case 1:
			x = m.norm(x, channels)
		case 2:
			x = m.clamp(x)
		case 3:
			x = m.g.AddNode(m.name("add"), op.Add{}, x, values[rng.IntN(len(values))])
		}
		values = append(values, x)
	}
	m.g.Outputs = append(m.g.Outputs, values[len(values)-1])
	if v := values[rng.IntN(len(values)-1)+1]; rng.IntN(3) == 0 && !m.g.IsOutput(v) {
		m.g.Outputs = append(m.g.Outputs, v)
	}
	m.g.Prune()
	return m.g
}

func run(t *testing.T, g *graph.Graph, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	types, err := g.Infer(x.Shape())
	if err != nil {
		t.Fatal(err)
	}
	values := map[*graph.Value]*tensor.Tensor{g.Inputs[0]: x}
	for _, p := range g.Params {
		values[p] = p.Data
	}
	for _, n := range g.Nodes {
		in := make([]*tensor.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			in[i] = values[v]
		}
		results, err := n.Op.Eval(graph.Context{Numerics: g.Numerics}, in, []graph.Type{types[n.Output()].Type})
		if err != nil {
			t.Fatalf("%s: %v", n.Name, err)
		}
		values[n.Output()] = results[0]
	}
	var out []*tensor.Tensor
	for _, v := range g.Outputs {
		out = append(out, values[v])
	}
	return out
}

func TestFuseKeepsTheFunction(t *testing.T) {
	rng := testseed.Rand(t)
	fused := 0
	for range 150 {
		g := random(rng)
		channels := 1
		if len(g.Params) > 0 {
			channels = g.Params[0].Type.Shape[0]
		}
		before := g.Clone()
		f, groups, err := Fuse(g)
		if err != nil {
			t.Fatal(err)
		}
		fused += len(groups)
		x := make([]float32, 2*channels*5*4)
		for i := range x {
			x[i] = 4*rng.Float32() - 2
		}
		in := tensor.Of(x, 2, channels, 5, 4)
		want, got := run(t, g, in), run(t, f, in)
		for i := range want {
			a, b := want[i].Float32s(), got[i].Float32s()
			var scale float64
			for _, v := range a {
				scale = max(scale, math.Abs(float64(v)))
			}
			for j := range a {
				// A folded batch norm rounds the weights once more.
				const foldBound = 1e-5
				if d := math.Abs(float64(a[j] - b[j])); d > foldBound*max(scale, 1) {
					t.Fatalf("output %d: %v before, %v after fusion", i, a[j], b[j])
				}
			}
		}
		if len(before.Nodes) != len(g.Nodes) || len(before.Params) != len(g.Params) {
			t.Fatal("Fuse changed its input")
		}
	}
	if fused == 0 {
		t.Error("nothing was ever fused")
	}
}

func newMaker() *maker {
	return &maker{g: graph.New("net"), rng: rand.New(rand.NewPCG(1, 2))}
}

func TestFuseNamesAndGroups(t *testing.T) {
	m := newMaker()
	x := m.g.AddInput("x", graph.Float32)
	a := m.conv(x, 2, false)                                // conv1
	b := m.norm(a, 2)                                       // bn2
	c := m.g.AddNode("relu3", op.Clamp{Act: quant.ReLU}, b) // read twice
	d := m.norm(m.conv(c, 2, true), 2)                      // conv3, bn4
	e := m.g.AddNode("add", op.Add{}, d, c)                 // residual
	m.g.Outputs = append(m.g.Outputs, m.g.AddNode("relu", op.Clamp{Act: quant.ReLU}, e))
	for _, p := range m.g.Params {
		p.Data = nil // the structure alone is fused
	}
	f, groups, err := Fuse(m.g)
	if err != nil {
		t.Fatal(err)
	}
	want := []Group{
		{"conv1", "conv2d+batch_norm+relu", []string{"conv1", "bn2", "relu3"}},
		{"conv3", "conv2d+batch_norm", []string{"conv3", "bn4"}},
		{"add", "add+relu", []string{"add", "relu"}},
	}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var names []string
	for _, p := range f.Params {
		names = append(names, p.Name)
		if p.Data != nil {
			t.Errorf("%s has data", p.Name)
		}
	}
	if diff := cmp.Diff([]string{"conv1.weight", "conv1.bias", "conv3.weight", "conv3.bias"}, names); diff != "" {
		t.Errorf("parameters (-want +got)\n%s", diff)
	}
	if len(f.Nodes) != 3 || f.Outputs[0].Name != "add" {
		t.Errorf("nodes %d, output %q", len(f.Nodes), f.Outputs[0].Name)
	}
}

func TestFuseLeavesSharedValuesAlone(t *testing.T) {
	for name, build := range map[string]func(*maker, *graph.Value){
		"convolution read twice": func(m *maker, x *graph.Value) {
			a := m.conv(x, 2, false)
			m.g.Outputs = append(m.g.Outputs, m.g.AddNode("sum", op.Add{}, m.norm(a, 2), a))
		},
		"convolution is an output": func(m *maker, x *graph.Value) {
			a := m.conv(x, 2, false)
			m.g.Outputs = append(m.g.Outputs, a, m.norm(a, 2))
		},
		"weight is shared": func(m *maker, x *graph.Value) {
			a := m.conv(x, 2, false)
			c := m.g.AddNode("again", a.Node.Op, a, a.Node.Inputs[1])
			m.g.Outputs = append(m.g.Outputs, m.norm(c, 2))
		},
		"clamp behind an input": func(m *maker, x *graph.Value) {
			m.g.Outputs = append(m.g.Outputs, m.clamp(x))
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMaker()
			build(m, m.g.AddInput("x", graph.Float32))
			f, groups, err := Fuse(m.g)
			if err != nil {
				t.Fatal(err)
			}
			if len(groups) != 0 || len(f.Nodes) != len(m.g.Nodes) {
				t.Errorf("fused %v", groups)
			}
		})
	}
}

// The linear fold rounds its bias in another order than that of convolutions.
func TestFoldOrder(t *testing.T) {
	one := func(v float32) *graph.Value { return &graph.Value{Data: tensor.Of([]float32{v}, 1)} }
	rng := rand.New(rand.NewPCG(3, 4))
	differ := false
	for range 200 {
		bn := batchNormArgs{one(rng.Float32() + 0.5), one(rng.Float32()), one(rng.Float32()), one(rng.Float32() + 0.1)}
		w, b := tensor.Of([]float32{rng.Float32()}, 1, 1), tensor.Of([]float32{rng.Float32()}, 1)
		gamma, beta := bn.weight.Data.Float32s()[0], bn.bias.Data.Float32s()[0]
		mean, variance := bn.mean.Data.Float32s()[0], bn.variance.Data.Float32s()[0]
		r := 1 / float32(math.Sqrt(float64(variance+float32(1e-5))))
		k := float32(gamma * r)
		f := form{outputs: 1, inputs: 1, groups: 1, perGroup: 1, taps: 1}
		cw, cb := foldConv(f, w, b, bn, 1e-5)
		lw, lb := foldLinear(f, w, b, bn, 1e-5)
		centred := b.Float32s()[0] - mean
		if got, want := cb.Float32s()[0], float32(float32(centred*r)*gamma)+beta; got != want {
			t.Errorf("convolution's bias %v, want %v", got, want)
		}
		if got, want := lb.Float32s()[0], float32(centred*k)+beta; got != want {
			t.Errorf("linear bias %v, want %v", got, want)
		}
		if want := float32(w.Float32s()[0] * k); cw.Float32s()[0] != want || lw.Float32s()[0] != want {
			t.Errorf("weights %v and %v, want %v", cw.Float32s()[0], lw.Float32s()[0], want)
		}
		differ = differ || cb.Float32s()[0] != lb.Float32s()[0]
	}
	if !differ {
		t.Error("both orders always agree: the test shows nothing")
	}
}
