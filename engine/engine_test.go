package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func small(t testing.TB, dtype tensor.DType) *graph.Graph {
	for _, c := range randomgraph.Cases {
		if c.Name == "residual" {
			return c.Build(randomgraph.New(rand.New(rand.NewPCG(5, 6)), c.Name, dtype, quant.FBGEMM))
		}
	}
	t.Fatal("no residual case")
	return nil
}

func session(t testing.TB, g *graph.Graph, o Options) *Session {
	p, err := Compile(g, o)
	if err != nil {
		t.Fatal(err)
	}
	return p.NewSession()
}

func TestConcurrentRuns(t *testing.T) {
	g := small(t, tensor.QUInt8)
	s := session(t, g, Options{Threads: 2})
	ref, err := Reference(g)
	if err != nil {
		t.Fatal(err)
	}
	r := testseed.Rand(t)
	var wg sync.WaitGroup
	for i := range 6 {
		x := randomgraph.Image(r, 1+i%3, 8, 9, 9+i%2)
		want, err := ref.Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for range 10 {
				got, err := s.Run(context.Background(), x)
				if err != nil {
					t.Error(err)
					return
				}
				if string(got[0].Bytes()) != string(want[0].Bytes()) {
					t.Error("a concurrent run gave other values")
				}
			}
		})
	}
	wg.Wait()
}

func TestRunIntoAllocatesNothing(t *testing.T) {
	for _, dtype := range []tensor.DType{tensor.Float32, tensor.QUInt8} {
		allocatesNothing(t, small(t, dtype), 8, 9, 9)
	}
	// A first layer of images, then channels enough for vectors.
	for numerics := range 3 {
		b := randomgraph.New(rand.New(rand.NewPCG(5, 6)), "mobile", tensor.QUInt8, quant.Numerics(1+numerics))
		x := b.Conv(b.Input(), 3, 40, 3, 2, 1)
		x = b.Conv(b.Conv(x, 40, 40, 3, 1, 40), 40, 24, 1, 1, 1)
		allocatesNothing(t, b.Finish(b.Conv(x, 24, 70, 3, 1, 2)), 3, 20, 20)
	}
}

// No kernel allocates in the steady state: random graphs of all operators, but for those
// that have a node without.
func TestNoKernelAllocates(t *testing.T) {
	r := testseed.Rand(t)
	for dtype, numerics := range variants {
		for _, c := range randomgraph.Cases {
			g := c.Build(randomgraph.New(r, c.Name, dtype, numerics))
			s := session(t, g, Options{Threads: 2})
			plan, err := s.p.Plan()
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(plan, func(n NodePlan) bool { return n.Kernel == "operator" }) {
				continue
			}
			x := randomgraph.Image(r, 2, c.Channels, c.H, c.W)
			out, err := s.Run(context.Background(), x)
			if err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(5, func() {
				if err := s.RunInto(context.Background(), out, x); err != nil {
					t.Fatal(err)
				}
			}); n > 0 {
				t.Errorf("%v %v %s: %v allocations per run", dtype, numerics, c.Name, n)
			}
		}
	}
}

func allocatesNothing(t *testing.T, g *graph.Graph, shape ...int) {
	for _, cpu := range Levels() {
		s := session(t, g, Options{Threads: 2, CPU: cpu})
		x := randomgraph.Image(rand.New(rand.NewPCG(1, 1)), append([]int{2}, shape...)...)
		out, err := s.Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(50, func() {
			if err := s.RunInto(context.Background(), out, x); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 {
			t.Errorf("%s on %q: %v allocations per run", g.Name, cpu, n)
		}
	}
}

func TestManySizes(t *testing.T) {
	g := small(t, tensor.QUInt8)
	s := session(t, g, Options{Threads: 1})
	ref, _ := Reference(g)
	r := testseed.Rand(t)
	for i := range 3 * maxPlans {
		x := randomgraph.Image(r, 1, 8, 5+i%(maxPlans+2), 6)
		got, err := s.Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := ref.Run(context.Background(), x)
		equal(t, "output", got[0], want[0])
	}
	if len(s.plans) > maxPlans {
		t.Errorf("%d plans are kept", len(s.plans))
	}
}

func TestCancellation(t *testing.T) {
	for _, e := range engines()[:4] {
		g := small(t, tensor.QUInt8)
		eng, err := e.make(g)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		calls := 0
		_, err = eng.RunTapped(ctx, func(*graph.Value, *tensor.Tensor) error {
			calls++
			cancel()
			return nil
		}, randomgraph.Image(testseed.Rand(t), 1, 8, 9, 9))
		if !errors.Is(err, context.Canceled) || calls != 1 {
			t.Errorf("%s: %v after %d nodes", e.name, err, calls)
		}
		stop := errors.New("stop")
		_, err = eng.RunTapped(context.Background(), func(*graph.Value, *tensor.Tensor) error { return stop }, randomgraph.Image(testseed.Rand(t), 1, 8, 9, 9))
		if !errors.Is(err, stop) {
			t.Errorf("%s: the error of a tap became %v", e.name, err)
		}
	}
}

func TestInputErrors(t *testing.T) {
	ctx := context.Background()
	for _, e := range engines()[:2] {
		eng, err := e.make(small(t, tensor.QUInt8))
		if err != nil {
			t.Fatal(err)
		}
		good := tensor.New(tensor.Float32, 1, 8, 9, 9)
		for want, in := range map[string][]*tensor.Tensor{
			"takes 1 inputs, got 0":                     {},
			"takes 1 inputs, got 2":                     {good, good},
			`input "x1" is nil`:                         {nil},
			`input "x1" is int64[1, 8, 9, 9]; expected`: {tensor.New(tensor.Int64, 1, 8, 9, 9)},
			`node "conv5" (conv2d)`:                     {tensor.New(tensor.Float32, 1, 7, 9, 9)},
			`expected [N, C, H, W]`:                     {tensor.New(tensor.Float32, 8)},
		} {
			if _, err := eng.Run(ctx, in...); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v does not say %q", e.name, err, want)
			}
		}
		stranger := &graph.Value{Name: "stranger", Type: graph.Float32}
		if err := eng.RunObserved(ctx, map[*graph.Value]bool{stranger: true}, nil, good); err == nil || !strings.Contains(err.Error(), "stranger") {
			t.Errorf("%s: observing a value of another graph: %v", e.name, err)
		}
	}
	s := session(t, small(t, tensor.QUInt8), Options{})
	err := s.RunInto(ctx, []*tensor.Tensor{tensor.New(tensor.Float32, 1)}, tensor.New(tensor.Float32, 1, 8, 9, 9))
	if err == nil || !strings.Contains(err.Error(), "output") {
		t.Errorf("a result of the wrong shape: %v", err)
	}
}

func TestCompileErrors(t *testing.T) {
	change := func(f func(*graph.Graph)) *graph.Graph {
		g := small(t, tensor.QUInt8).Clone()
		f(g)
		return g
	}
	for want, g := range map[string]*graph.Graph{
		`node "quant2" computes on integers`: change(func(g *graph.Graph) { g.Numerics = 0 }),
		`has no data; bind`:                  change(func(g *graph.Graph) { g.Params[0].Data = nil }),
		"no rule for": change(func(g *graph.Graph) {
			g.Nodes[2].Output().Type = graph.Type{DType: tensor.QInt32, Q: tensor.Affine(1, 0)}
		}),
		"has no output": change(func(g *graph.Graph) { g.Outputs = nil }),
	} {
		if _, err := Compile(g, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("compile: error %v does not say %q", err, want)
		}
		if _, err := Reference(g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("reference: error %v does not say %q", err, want)
		}
	}
	for _, o := range []Options{{Threads: -1}, {CPU: "mmx"}} {
		if _, err := Compile(small(t, tensor.QUInt8), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// What kernels do not cover is still right, among values of any type, and the plan says why.
func TestFallback(t *testing.T) {
	r := testseed.Rand(t)
	for dtype, numerics := range variants {
		b := randomgraph.New(r, "fallback", dtype, numerics)
		x := b.Pool(b.Input(), op.Flatten{Start: 1, End: -1})
		if x.Type.Q != nil {
			x.Type.Q.ZeroPoints[0] = 0 // onednn knows no other of weights
		}
		if dtype == tensor.QUInt8 && numerics == quant.OneDNN {
			continue // nor unsigned ones
		}
		y := b.Node("fc", op.Linear{}, b.Quantum(), x, x)
		g := b.Finish(b.Add(y, y))
		conform(t, g, randomgraph.Image(r, 1, 6, 5, 5))
		p, err := Compile(g, Options{})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := p.Plan()
		i := slices.IndexFunc(plan, func(n NodePlan) bool { return n.Node.Op.Kind() == "linear" })
		if err != nil || plan[i].Kernel != "operator" || plan[i].Reason != "its weights are computed" {
			t.Errorf("%+v, %v", plan[i], err)
		}
	}
}

// Codes of qint8 are held otherwise in memory than in the tensors of callers, who see
// nothing of it.
func TestSignedTensors(t *testing.T) {
	r := testseed.Rand(t)
	q := tensor.Affine(0.1, -7)
	signed := graph.Type{DType: tensor.QInt8, Q: q}
	random := func(shape ...int) *tensor.Tensor {
		codes := make([]int8, tensor.Shape(shape).Numel())
		for i := range codes {
			codes[i] = int8(r.Uint32())
		}
		return tensor.OfQuantized(codes, q, shape...)
	}
	g := graph.New("signed")
	g.Numerics = quant.FBGEMM
	x := g.AddInput("x", signed)
	last := g.AddNode("last", op.Transpose{Perm: []int{0, 2, 3, 1}}, x)
	table := g.AddNode("table", op.Gather{}, g.AddConst("rows", random(5, 3, 4, 6)), g.AddConst("which", tensor.Of([]int64{3, 3}, 2)))
	sum := g.AddNode("sum", op.Add{}, x, table)
	sum.Type = signed
	g.Outputs = []*graph.Value{last, sum, table, x}
	ref, err := Reference(g)
	if err != nil {
		t.Fatal(err)
	}
	s, in := session(t, g, Options{}), random(2, 3, 4, 6)
	ctx, before := context.Background(), string(in.Bytes())
	want, err := ref.Run(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Run(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	into := make([]*tensor.Tensor, len(got))
	for i, w := range want {
		equal(t, "output", got[i], w)
		into[i] = tensor.NewQuantized(tensor.QInt8, q, w.Shape()...)
	}
	if err := s.RunInto(ctx, into, in); err != nil {
		t.Fatal(err)
	}
	values := map[*graph.Value]*tensor.Tensor{}
	for i, w := range want {
		equal(t, "output into memory of the caller", into[i], w)
		values[g.Outputs[i]] = w
	}
	err = s.RunViewed(ctx, func(v *graph.Value, y *tensor.Tensor) error {
		equal(t, "view of "+v.Name, y, values[v])
		return nil
	}, in)
	if err != nil || string(in.Bytes()) != before {
		t.Errorf("views: %v; the input changed: %v", err, string(in.Bytes()) != before)
	}
}

// qnnpack's rule of addition, which rounds ties away from zero, is for equal shapes.
func TestUnequalSummandsOfQNNPACK(t *testing.T) {
	r := testseed.Rand(t)
	b := randomgraph.New(r, "unequal", tensor.QUInt8, quant.QNNPACK)
	x := b.Input()
	x.Type.Q = tensor.Affine(0.02, 100)
	row := b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 9}})
	half := graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(0.04, 100)}
	g := b.Finish(b.Node("add", op.Add{}, half, x, row), b.Node("add", op.Add{}, half, x, x))
	conform(t, g, randomgraph.Image(r, 2, 4, 9, 9))
}

// ONNX Runtime's rule of addition takes a single number, added to a run of others, second.
// Scales in simple ratios give many results near a half, where that shows.
func TestOrderOfSummandsOfONNX(t *testing.T) {
	r := testseed.Rand(t)
	for range 8 {
		b := randomgraph.New(r, "summands", tensor.QUInt8, quant.ONNX)
		scale := func(most int) float64 { return 0.013 * float64(1+r.IntN(most)) }
		x := b.Input()
		x.Type.Q = tensor.Affine(scale(40), 100)
		sum := graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(scale(40), 90)}
		var sums []*graph.Value
		for _, size := range [][2]int{{1, 1}, {1, 9}, {9, 1}} {
			part := b.Pool(x, op.AdaptiveAvgPool2D{Output: size})
			other := b.Node("moved", op.Cat{Axis: 0}, graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(scale(40), 31)}, part)
			sums = append(sums, b.Node("add", op.Add{}, sum, x, other), b.Node("add", op.Add{}, sum, other, x), b.Node("add", op.Add{}, sum, part, other))
		}
		conform(t, b.Finish(sums...), randomgraph.Image(r, 2, 4, 9, 9))
	}
}

// No node that computes on codes is left to its operator, whatever their sort and the rules.
func TestCodesHaveKernels(t *testing.T) {
	r := testseed.Rand(t)
	for _, dtype := range []tensor.DType{tensor.QUInt8, tensor.QInt8} {
		for _, numerics := range []quant.Numerics{quant.FBGEMM, quant.QNNPACK, quant.OneDNN} {
			for _, c := range randomgraph.Cases {
				g := c.Build(randomgraph.New(r, c.Name, dtype, numerics))
				s := session(t, g, Options{Threads: 1})
				plan, err := s.p.Plan()
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range plan {
					if n.Kernel == "operator" && isQuantized(n.Node) && withoutKernel[n.Node.Op.Kind()] == "" {
						t.Errorf("%v %v %s: %s: %s", dtype, numerics, c.Name, n.Node.Name, n.Reason)
					}
				}
				if dtype != tensor.QInt8 || numerics == quant.FBGEMM {
					continue // TestConformance runs them
				}
				x := randomgraph.Image(r, 2, c.Channels, c.H, c.W)
				got, err := s.Run(context.Background(), x)
				if err != nil {
					t.Fatal(err)
				}
				ref, _ := Reference(g)
				want, err := ref.Run(context.Background(), x)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					alike(t, c.Name, got[i], want[i], sumsBound)
				}
			}
		}
	}
}

func TestPlan(t *testing.T) {
	p, err := Compile(resnet18(tensor.QUInt8), Options{CPU: "none"})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Plan(tensor.Shape{1, 3, 224, 224})
	if err != nil {
		t.Fatal(err)
	}
	var macs int64
	for _, n := range plan {
		macs += n.MACs
		if n.Reason != "" || n.ISA != "go" || n.Kernel == "operator" {
			t.Errorf("%s: %s (%s) %s", n.Node.Name, n.Kernel, n.ISA, n.Reason)
		}
		if n.Node.Op.Kind() == "flatten" && n.Kernel != "identity" {
			t.Errorf("flatten of one pixel is %s", n.Kernel)
		}
	}
	if macs != 1814073344 {
		t.Errorf("%d multiplications", macs)
	}
}

// FuzzEngines builds a graph from the fuzzer's numbers and compares engines.
func FuzzEngines(f *testing.F) {
	for i := range uint64(12) {
		f.Add(i, uint8(i), uint8(i), uint8(i%5))
	}
	f.Fuzz(func(t *testing.T, seed uint64, which, size, variant uint8) {
		r := rand.New(rand.NewPCG(seed, 9))
		i := 0
		for dtype, numerics := range variants {
			if i == int(variant%5) {
				g, channels := randomGraph(r, int(which), dtype, numerics)
				conform(t, g, randomgraph.Image(r, 1+int(size%3), channels, 6+int(size/3%9), 6+int(size/27%9)))
			}
			i++
		}
	})
}

// randomGraph chains random layers, sometimes with a shortcut around them.
func randomGraph(r *rand.Rand, layers int, dtype tensor.DType, numerics quant.Numerics) (*graph.Graph, int) {
	b := randomgraph.New(r, "random", dtype, numerics)
	in := 1 + r.IntN(9)
	x, channels := b.Input(), in
	for range 1 + layers%6 {
		before := x
		switch r.IntN(6) {
		case 0:
			x = b.Conv(x, channels, channels, []int{1, 3, 5}[r.IntN(3)], 1, channels)
		case 1:
			x = b.Pool(x, op.MaxPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}})
		case 2:
			x = b.Pool(x, op.Clamp{Act: quant.ReLU})
		case 3:
			y := b.Conv(x, channels, 3, 3, 1, 1)
			x, channels = b.Node("cat", op.Cat{Axis: 1}, b.Quantum(), x, y), channels+3
			continue
		case 4:
			out := 1 + r.IntN(17)
			x, channels = b.Conv(x, channels, out, []int{1, 3}[r.IntN(2)], 1, 1), out
			continue
		default:
			x = b.Conv(x, channels, channels, 3, 1, 1)
		}
		if r.IntN(2) == 0 {
			x = b.Add(x, before)
		}
	}
	return b.Finish(x), in
}

func TestRunTimed(t *testing.T) {
	g := small(t, tensor.QUInt8)
	s := session(t, g, Options{Threads: 1})
	x := randomgraph.Image(testseed.Rand(t), 2, 8, 9, 9)
	want, err := s.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	out := []*tensor.Tensor{tensor.New(tensor.Float32, want[0].Shape()...)}
	took := make([]time.Duration, len(g.Nodes))
	if err := s.RunTimed(context.Background(), took, out, x); err != nil {
		t.Fatal(err)
	}
	equal(t, "output", out[0], want[0])
	plan, err := s.Program().Plan(x.Shape())
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range took {
		if (d <= 0) != (plan[i].Kernel == "identity") {
			t.Errorf("%s, by kernel %s, took %v", g.Nodes[i].Name, plan[i].Kernel, d)
		}
	}
	if err := s.RunTimed(context.Background(), took[1:], out, x); err == nil {
		t.Error("too short a list of times was accepted")
	}
}
