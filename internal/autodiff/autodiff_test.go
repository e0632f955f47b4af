package autodiff

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/zoo"
)

func normal(r *rand.Rand, scale float64, shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, shape...)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(scale * r.NormFloat64())
	}
	return x
}

// reference runs g forward and backward by its operators' own evaluation and
// gradients, batch norms in training mode unless frozen.
type reference struct {
	values map[*graph.Value]*tensor.Tensor
	grads  map[*graph.Value]*tensor.Tensor
}

func runReference(t *testing.T, g *graph.Graph, frozen bool, x *tensor.Tensor, up func(y *tensor.Tensor) *tensor.Tensor) *reference {
	t.Helper()
	r := &reference{map[*graph.Value]*tensor.Tensor{g.Inputs[0]: x}, map[*graph.Value]*tensor.Tensor{}}
	for _, p := range g.Params {
		r.values[p] = p.Data
	}
	training := func(n *graph.Node) graph.Op {
		if o, ok := n.Op.(op.BatchNorm); ok && !frozen {
			o.Training = true
			return o
		}
		return n.Op
	}
	inputs := func(n *graph.Node) []*tensor.Tensor {
		in := make([]*tensor.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			in[i] = r.values[v]
		}
		return in
	}
	types, err := g.Infer(x.Shape())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Nodes {
		y, err := training(n).Eval(graph.Context{}, inputs(n), []graph.Type{types[n.Output()].Type})
		if err != nil {
			t.Fatalf("%s: %v", n.Name, err)
		}
		r.values[n.Output()] = y[0]
	}
	r.grads[g.Outputs[0]] = up(r.values[g.Outputs[0]])
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		if r.grads[n.Output()] == nil {
			continue
		}
		grads, err := training(n).(op.Differentiable).Gradient(inputs(n), r.grads[n.Output()])
		if err != nil {
			t.Fatalf("%s: %v", n.Name, err)
		}
		for j, v := range n.Inputs {
			if grads[j] == nil {
				continue
			}
			if r.grads[v] == nil {
				r.grads[v] = tensor.New(tensor.Float32, grads[j].Shape()...)
			}
			for k, d := range grads[j].Float32s() {
				r.grads[v].Float32s()[k] += d
			}
		}
	}
	return r
}

// distance is the largest difference as a share of the largest number of want, or
// of least.
func distance(got, want []float32, least float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst, largest := 0.0, least
	for i, v := range want {
		worst = max(worst, math.Abs(float64(v)-float64(got[i])))
		largest = max(largest, math.Abs(float64(v)))
		if got[i] != got[i] {
			return math.NaN()
		}
	}
	return worst / largest
}

// How far a step of training may lie from the reference, as a share of the largest number
// of each tensor.
const (
	netBound     = 5e-4 // a few layers, with batch norms over some hundred pixels
	frozenBound  = 5e-3 // a whole network: a clamp has two sides
	runningBound = 5e-2 // with statistics of a dozen pixels, deep networks are chaotic in float32

	// leastShare of the largest gradient of a network is what a tensor's are compared
	// with if they are smaller: those that are zero but for rounding.
	leastShare = 5e-2
)

// compare runs a step of g and checks the output and all gradients. Where a number
// lies so near the edge of a clamp that the order of a sum decides on which side, two
// right answers are far apart: what differs has to differ for other numbers too.
func compare(t *testing.T, name string, g *graph.Graph, opts Options, x *tensor.Tensor, bound float64) {
	t.Helper()
	differ := differences(t, name, g, opts, x, bound)
	if len(differ) == 0 {
		return
	}
	again := normal(rand.New(rand.NewPCG(7, 8)), 1, x.Shape()...)
	if more := differences(t, name, g, opts, again, bound); len(more) > 0 {
		t.Errorf("%s\nand with other numbers\n%s", strings.Join(differ, "\n"), strings.Join(more, "\n"))
		return
	}
	t.Logf("not with other numbers: %s", strings.Join(differ, "\n"))
}

// differences says what of a step's results is further from the reference than bound.
func differences(t *testing.T, name string, g *graph.Graph, opts Options, x *tensor.Tensor, bound float64) (differ []string) {
	t.Helper()
	p, err := Compile(g, opts)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	s, err := p.Step(x.Shape())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var up *tensor.Tensor
	ref := runReference(t, g, opts.FrozenNorms, x, func(y *tensor.Tensor) *tensor.Tensor {
		up = normal(rand.New(rand.NewPCG(5, 6)), 1, y.Shape()...)
		return up
	})
	for round := range 2 { // memory is used again
		y, err := s.Forward(context.Background(), x)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out := tensor.New(tensor.Float32, up.Shape()...)
		rowMajor(out.Float32s(), y, up.Shape())
		if d := distance(out.Float32s(), ref.values[g.Outputs[0]].Float32s(), 0); !(d <= bound) {
			differ = append(differ, fmt.Sprintf("%s: round %d: output differs by %.1e", name, round, d))
		}
		images(s.Gradient(), up.Float32s(), up.Shape())
		if err := s.Backward(context.Background()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// Some gradients are zero but for rounding: in front of a batch norm that of a
		// bias, or of a weight that only scales.
		largest, checked := 0.0, 0
		for _, v := range g.Params {
			if r := ref.grads[v]; r != nil && p.byValue[v] != nil {
				for _, d := range r.Float32s() {
					largest = max(largest, math.Abs(float64(d)))
				}
			}
		}
		for _, v := range g.Params {
			q := p.byValue[v]
			if q == nil {
				continue
			}
			checked++
			if d := distance(q.GradTensor().Float32s(), ref.grads[v].Float32s(), leastShare*largest); !(d <= bound) {
				differ = append(differ, fmt.Sprintf("%s: round %d: gradient of %s differs by %.1e of the largest", name, round, v.Name, d))
			}
		}
		if checked == 0 || checked != len(p.Params()) {
			t.Fatalf("%s: %d gradients checked of %d", name, checked, len(p.Params()))
		}
	}
	return differ
}

// net builds random graphs.
type net struct {
	r *rand.Rand
	g *graph.Graph
	n int
}

func (b *net) name(kind string) string {
	b.n++
	return fmt.Sprintf("%s%d", kind, b.n)
}

func (b *net) conv(x *graph.Value, in, out, kernel int, o op.Conv2D, bias bool) *graph.Value {
	name := b.name("conv")
	// Filters near zero would make the norms behind them ill-conditioned.
	w := tensor.New(tensor.Float32, out, in/o.Groups, kernel, kernel)
	for i := range w.Float32s() {
		w.Float32s()[i] = float32((0.5 + b.r.Float64()) * float64(1-2*b.r.IntN(2)) / math.Sqrt(float64(in/o.Groups*kernel*kernel)))
	}
	inputs := []*graph.Value{x, b.g.AddConst(name+".weight", w)}
	if bias {
		inputs = append(inputs, b.g.AddConst(name+".bias", normal(b.r, 1, out)))
	}
	return b.g.AddNode(name, o, inputs...)
}

func (b *net) norm(x *graph.Value, channels int) *graph.Value {
	name := b.name("bn")
	weight, variance := normal(b.r, 1, channels), normal(b.r, 1, channels)
	for i, v := range variance.Float32s() {
		variance.Float32s()[i] = 0.2 + v*v
		if w := &weight.Float32s()[i]; *w*(*w) < 0.1 {
			*w = 0.5
		}
	}
	return b.g.AddNode(name, op.BatchNorm{Eps: 1e-5}, x, b.g.AddConst(name+".weight", weight), b.g.AddConst(name+".bias", normal(b.r, 1, channels)),
		b.g.AddConst(name+".running_mean", normal(b.r, 1, channels)), b.g.AddConst(name+".running_var", variance))
}

func (b *net) clamp(x *graph.Value) *graph.Value {
	switch b.r.IntN(3) {
	case 0:
		return x
	case 1:
		return b.g.AddNode(b.name("relu"), op.Clamp{Act: quant.ReLU}, x)
	}
	return b.g.AddNode(b.name("relu"), op.Clamp{Act: quant.ReLU6}, x)
}

func square(n int) [2]int { return [2]int{n, n} }

// A convolution of each kind, between two others, so that it has gradients of its
// input and of its weights, behind and in front of what a network has there.
func TestConvolutions(t *testing.T) {
	r := testseed.Rand(t)
	for i := range 60 {
		b := &net{r: r, g: graph.New("net")}
		channels := []int{3, 8, 12, 16, 20, 33}[r.IntN(6)]
		o := op.Conv2D{Stride: [2]int{1 + r.IntN(3), 1 + r.IntN(2)}, Padding: square(r.IntN(3)), Dilation: square(1 + r.IntN(2)), Groups: 1}
		out, kernel := []int{5, 16, 24, 67}[r.IntN(4)], 1+r.IntN(3)
		switch i % 4 {
		case 1:
			o.Groups, out, kernel = channels, channels, 2+r.IntN(2) // depthwise
		case 2:
			channels, o.Groups, out = 12, 1+r.IntN(4), 24
		case 3:
			o = op.Conv2D{Stride: square(1), Dilation: square(1), Groups: 1}
			kernel = 1
		}
		// In front of a batch norm in training the gradient of a bias is zero but for
		// rounding.
		frozen, norm := i%5 == 4, r.IntN(3) > 0
		x := b.g.AddInput("x", graph.Float32)
		y := b.clamp(b.norm(b.conv(x, 3, channels, 3, op.Conv2D{Stride: square(1), Padding: square(1), Dilation: square(1), Groups: 1}, frozen), channels))
		y = b.conv(y, channels, out, kernel, o, r.IntN(2) == 0 && (frozen || !norm))
		if norm {
			y = b.norm(y, out)
		}
		y = b.clamp(y)
		b.g.Outputs = []*graph.Value{b.conv(y, out, 7, 1, op.Conv2D{Stride: square(1), Dilation: square(1), Groups: 1}, true)}
		size := 9 + r.IntN(8)
		compare(t, fmt.Sprintf("case %d: %d to %d channels, kernel %d, %+v, frozen %v", i, channels, out, kernel, o, frozen), b.g,
			Options{Threads: 1 + r.IntN(3), FrozenNorms: frozen}, normal(r, 1, 1+r.IntN(5), 3, size, size+r.IntN(4)), netBound)
	}
}

// Values that several nodes read, and nodes that no kernel covers.
func TestBranches(t *testing.T) {
	r := testseed.Rand(t)
	for range 10 {
		b := &net{r: r, g: graph.New("net")}
		plain := op.Conv2D{Stride: square(1), Padding: square(1), Dilation: square(1), Groups: 1}
		x := b.g.AddInput("x", graph.Float32)
		y := b.clamp(b.norm(b.conv(x, 3, 8, 3, plain, false), 8))
		sum := b.g.AddNode("sum", op.Add{Act: quant.ReLU}, y, b.norm(b.conv(y, 8, 8, 3, plain, false), 8))
		half := b.g.AddNode("half", op.Slice{Axis: 1, Start: 2, End: 6}, sum)
		cat := b.g.AddNode("cat", op.Cat{Axis: 1}, sum, y, half)
		shuffled := b.g.AddNode("shuffle", op.ChannelShuffle{Groups: 5}, cat)
		pooled := b.g.AddNode("pooled", op.MaxPool2D{Kernel: square(3), Stride: square(2), Padding: square(1), Dilation: square(1)}, shuffled)
		swish := b.g.AddNode("swish", op.Hardswish{}, pooled)
		gate := b.g.AddNode("gate", op.Hardsigmoid{}, b.conv(b.g.AddNode("squeeze", op.AdaptiveAvgPool2D{Output: square(1)}, swish), 20, 20, 1, op.Conv2D{Stride: square(1), Dilation: square(1), Groups: 1}, true))
		mul := b.g.AddNode("mul", op.Mul{}, gate, swish)
		twice := b.g.AddNode("twice", op.Add{}, mul, mul)
		avg := b.g.AddNode("avg", op.AvgPool2D{Kernel: square(2), Stride: square(2)}, twice)
		mean := b.g.AddNode("mean", op.Mean{Axes: []int{2, 3}}, avg)
		fc := b.g.AddNode("fc", op.Linear{}, mean, b.g.AddConst("fc.weight", normal(r, 0.3, 5, 20)), b.g.AddConst("fc.bias", normal(r, 1, 5)))
		b.g.Outputs = []*graph.Value{fc}
		compare(t, "branches", b.g, Options{Threads: 1 + r.IntN(3)}, normal(r, 1, 3, 3, 11, 10), netBound)
	}
}

// bound returns an architecture with hashed weights.
func bound(t testing.TB, arch string, variant zoo.Variant) *graph.Graph {
	t.Helper()
	g, err := zoo.Build(arch, nil, variant)
	if err != nil {
		t.Fatal(err)
	}
	norms := map[string]bool{}
	for _, n := range g.Nodes {
		_, norms[n.Name] = n.Op.(op.BatchNorm)
	}
	for _, p := range g.Params {
		module := p.Name[:strings.LastIndexByte(p.Name, '.')]
		p.Data = hashweights.Model{Seed: 11}.Parameter(p.Name, norms[module], p.Type.Shape...)
	}
	return g
}

func TestArchitectures(t *testing.T) {
	archs := []string{"fashion_resnet8", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5"}
	if testing.Short() {
		archs = archs[:1]
	}
	for _, arch := range archs {
		t.Run(arch, func(t *testing.T) {
			g := bound(t, arch, zoo.Quantizable).Running()
			channels := 3
			if arch == "fashion_resnet8" {
				channels = 1
			}
			x := hashweights.Images(3, channels, 48, 4)
			compare(t, arch+", frozen", g, Options{FrozenNorms: true}, x, frozenBound)
			compare(t, arch, g, Options{}, x, runningBound)
		})
	}
}
