package rewrite_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// sameFunction bounds the difference of results, of the largest: float32 sums of weights
// that were rounded once more.
const sameFunction = 1e-5

func TestEqualizeKeepsTheFunction(t *testing.T) {
	r := testseed.Rand(t)
	for _, c := range randomgraph.Cases {
		t.Run(c.Name, func(t *testing.T) {
			g := c.Build(randomgraph.New(r, c.Name, tensor.Float32, 0))
			sameResults(t, g, randomgraph.Image(r, 1+r.IntN(2), c.Channels, c.H, c.W))
		})
	}
	for i := range 40 {
		t.Run(fmt.Sprint("chain ", i), func(t *testing.T) {
			g, x := randomChain(r)
			if n := sameResults(t, g, x); n == 0 {
				t.Error("no layer was scaled")
			}
		})
	}
}

// sameResults compares g with the equalized g, and says how many layers were scaled.
func sameResults(t *testing.T, g *graph.Graph, x *tensor.Tensor) int {
	t.Helper()
	before, err := ptq.Fingerprint(g)
	if err != nil {
		t.Fatal(err)
	}
	equal, n, err := rewrite.Equalize(g)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := ptq.Fingerprint(g); err != nil || after != before {
		t.Errorf("the graph itself has changed (%v)", err)
	}
	want, got := results(t, g, x), results(t, equal, x)
	for i := range want {
		if want[i].DType() != tensor.Float32 {
			continue
		}
		worst, largest := 0.0, 0.0
		for k, v := range want[i].Float32s() {
			largest = max(largest, math.Abs(float64(v)))
			worst = max(worst, math.Abs(float64(v)-float64(got[i].Float32s()[k])))
		}
		if worst > sameFunction*largest {
			t.Errorf("output %d differs by %g of %g", i, worst, largest)
		}
	}
	return n
}

func results(t *testing.T, g *graph.Graph, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	e, err := engine.Reference(g)
	if err != nil {
		t.Fatal(err)
	}
	y, err := e.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// builder makes rows of layers whose channels have widely different ranges.
type builder struct {
	r *rand.Rand
	g *graph.Graph
	n int
}

func (b *builder) add(o graph.Op, in ...*graph.Value) *graph.Value {
	b.n++
	return b.g.AddNode(fmt.Sprint(o.Kind(), b.n), o, in...)
}

// spread is a parameter whose rows along an axis differ in size by up to a thousand.
func (b *builder) spread(axis int, shape ...int) *graph.Value {
	b.n++
	x := make([]float32, tensor.Shape(shape).Numel())
	inner := tensor.Shape(shape[axis+1:]).Numel()
	sizes := make([]float64, shape[axis])
	for i := range sizes {
		sizes[i] = math.Exp(b.r.Float64()*7 - 3.5)
	}
	for i := range x {
		x[i] = float32(b.r.NormFloat64() * sizes[i/inner%shape[axis]])
	}
	return b.g.AddConst(fmt.Sprint("parameter", b.n), tensor.Of(x, shape...))
}

func (b *builder) conv(x *graph.Value, in, out, kernel, groups int, act quant.Activation) *graph.Value {
	c := op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{kernel / 2, kernel / 2}, Dilation: [2]int{1, 1}, Groups: groups, Act: act}
	return b.add(c, x, b.spread(0, out, in/groups, kernel, kernel), b.spread(0, out))
}

// passing are nodes through which factors pass.
func (b *builder) passing(x *graph.Value, channels int) *graph.Value {
	switch b.r.IntN(6) {
	case 0:
		return b.add(op.Clamp{Act: quant.ReLU}, x)
	case 1:
		return b.add(op.LeakyReLU{Slope: 0.1}, x)
	case 2:
		return b.add(op.Pairwise{Name: "prelu"}, x, b.spread(0, channels, 1, 1))
	case 3:
		return b.add(op.MaxPool2D{Kernel: [2]int{2, 2}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}, x)
	case 4:
		return b.add(op.ChannelShuffle{Groups: 2 + b.r.IntN(2)}, x)
	}
	return x
}

// randomChain is an inverted residual with a branch, transposed, grouped and depthwise
// layers, and a classifier, on flattened images or on their mean.
func randomChain(r *rand.Rand) (*graph.Graph, *tensor.Tensor) {
	b := &builder{r: r, g: graph.New("chain")}
	const channels = 12
	x := b.conv(b.g.AddInput("x", graph.Float32), 3, channels, 3, 1, quant.ReLU)
	x = b.passing(b.conv(x, channels, channels, 3, channels, quant.Activation(r.IntN(2))), channels)
	x = b.passing(b.conv(x, channels, channels, 1, 1+r.IntN(4), quant.ReLU), channels)
	up := op.ConvTranspose2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1 + r.IntN(3), Act: quant.ReLU}
	y := b.add(up, x, b.spread(1, channels, channels/up.Groups, 2, 2), b.spread(0, channels))
	z := b.conv(x, channels, channels, 2, 3, quant.NoActivation) // one row and column more, as y has
	x = b.conv(b.add(op.Add{}, y, z), channels, channels, 1, 1, quant.ReLU)
	features := channels
	if r.IntN(2) == 0 {
		x = b.add(op.Mean{Axes: []int{2, 3}}, x)
	} else {
		x = b.add(op.AdaptiveAvgPool2D{Output: [2]int{2, 2}}, x)
		x = b.add(op.Flatten{Start: 1, End: -1}, x)
		features *= 4
	}
	x = b.add(op.Linear{Act: quant.ReLU}, x, b.spread(0, 9, features), b.spread(0, 9))
	b.g.Outputs = []*graph.Value{b.add(op.Linear{}, x, b.spread(0, 4, 9))}
	return b.g, randomgraph.Image(r, 2, 3, 9, 9)
}

// near bounds the relative difference of factors from the formula's: iteration stops there.
const near = 1e-3

// TestEqualizeByTheFormula holds a pair and a depthwise triple against the formulas of the
// article, which have no iteration.
func TestEqualizeByTheFormula(t *testing.T) {
	r := testseed.Rand(t)
	const channels = 7
	largest := func(w *tensor.Tensor, of func(i int) int) []float64 {
		m := make([]float64, channels)
		for i, v := range w.Float32s() {
			m[of(i)] = max(m[of(i)], math.Abs(float64(v)))
		}
		return m
	}
	for _, triple := range []bool{false, true} {
		b := &builder{r: r, g: graph.New("pair")}
		x := b.conv(b.g.AddInput("x", graph.Float32), 2, channels, 3, 1, quant.ReLU)
		if triple {
			x = b.conv(x, channels, channels, 3, channels, quant.ReLU)
		}
		b.g.Outputs = []*graph.Value{b.conv(x, channels, 5, 1, 1, quant.ReLU6)}
		equal, _, err := rewrite.Equalize(b.g)
		if err != nil {
			t.Fatal(err)
		}
		first, last := b.g.Nodes[0].Inputs, b.g.Nodes[len(b.g.Nodes)-1].Inputs
		r1, r2 := largest(first[1].Data, func(i int) int { return i / 18 }), largest(last[1].Data, func(i int) int { return i % channels })
		middle := make([]float64, channels)
		if triple {
			middle = largest(b.g.Nodes[1].Inputs[1].Data, func(i int) int { return i / 9 })
		}
		for c := range channels {
			common := math.Sqrt(r1[c] * r2[c])
			if triple {
				common = math.Cbrt(r1[c] * middle[c] * r2[c])
			}
			for k, got := range [][]float64{
				largest(equal.Nodes[0].Inputs[1].Data, func(i int) int { return i / 18 }),
				largest(equal.Nodes[len(equal.Nodes)-1].Inputs[1].Data, func(i int) int { return i % channels }),
			} {
				if math.Abs(got[c]/common-1) > near {
					t.Errorf("triple %v, channel %d: layer %d has range %g, want %g", triple, c, k, got[c], common)
				}
			}
			bias := float64(first[2].Data.Float32s()[c]) * common / r1[c]
			if got := float64(equal.Nodes[0].Inputs[2].Data.Float32s()[c]); math.Abs(got-bias) > near*math.Abs(bias) {
				t.Errorf("triple %v, channel %d: bias %g, want %g", triple, c, got, bias)
			}
		}
	}
}

// TestEqualizeStops: at clamps, at what several read in other ways, at outputs and at shared
// weights nothing is scaled.
func TestEqualizeStops(t *testing.T) {
	r := testseed.Rand(t)
	for _, c := range []struct {
		name  string
		build func(b *builder, x *graph.Value)
	}{
		{"relu6 of the layer", func(b *builder, x *graph.Value) {
			b.g.Outputs = []*graph.Value{b.conv(b.conv(x, 3, 4, 1, 1, quant.ReLU6), 4, 2, 1, 1, quant.NoActivation)}
		}},
		{"relu6 behind it", func(b *builder, x *graph.Value) {
			y := b.add(op.Clamp{Act: quant.ReLU6}, b.conv(x, 3, 4, 1, 1, quant.NoActivation))
			b.g.Outputs = []*graph.Value{b.conv(y, 4, 2, 1, 1, quant.NoActivation)}
		}},
		{"sigmoid", func(b *builder, x *graph.Value) {
			y := b.add(op.Sigmoid{}, b.conv(x, 3, 4, 1, 1, quant.NoActivation))
			b.g.Outputs = []*graph.Value{b.conv(y, 4, 2, 1, 1, quant.NoActivation)}
		}},
		{"output", func(b *builder, x *graph.Value) {
			y := b.conv(x, 3, 4, 1, 1, quant.NoActivation)
			b.g.Outputs = []*graph.Value{b.conv(y, 4, 2, 1, 1, quant.NoActivation), y}
		}},
		{"residual", func(b *builder, x *graph.Value) {
			y := b.conv(x, 3, 3, 1, 1, quant.NoActivation)
			b.g.Outputs = []*graph.Value{b.conv(y, 3, 2, 1, 1, quant.NoActivation), b.add(op.Add{}, x, y)}
		}},
		{"shared weight", func(b *builder, x *graph.Value) {
			y := b.conv(x, 3, 3, 1, 1, quant.NoActivation)
			z := b.add(y.Node.Op, y, y.Node.Inputs[1], y.Node.Inputs[2])
			b.g.Outputs = []*graph.Value{b.conv(z, 3, 2, 1, 1, quant.NoActivation)}
		}},
		{"linear on images", func(b *builder, x *graph.Value) {
			y := b.conv(x, 3, 5, 1, 1, quant.NoActivation)
			b.g.Outputs = []*graph.Value{b.add(op.Linear{}, y, b.spread(0, 2, 5))}
		}},
	} {
		b := &builder{r: r, g: graph.New(c.name)}
		c.build(b, b.g.AddInput("x", graph.Float32))
		if n := sameResults(t, b.g, randomgraph.Image(r, 1, 3, 5, 5)); n != 0 {
			t.Errorf("%s: %d layers were scaled", c.name, n)
		}
	}
}
