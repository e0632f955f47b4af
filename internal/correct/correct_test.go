package correct

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// builder makes rows of layers.
type builder struct {
	r *rand.Rand
	g *graph.Graph
	n int
}

func (b *builder) add(o graph.Op, in ...*graph.Value) *graph.Value {
	b.n++
	return b.g.AddNode(fmt.Sprint(o.Kind(), b.n), o, in...)
}

func (b *builder) param(shape ...int) *graph.Value {
	b.n++
	x := make([]float32, tensor.Shape(shape).Numel())
	for i := range x {
		x[i] = float32(b.r.NormFloat64()*0.2 + 0.05)
	}
	return b.g.AddConst(fmt.Sprint("parameter", b.n), tensor.Of(x, shape...))
}

// network is a row of convolutions of all sorts and a linear layer, the second with act.
func network(r *rand.Rand, act quant.Activation) *graph.Graph {
	b := &builder{r: r, g: graph.New("network")}
	conv := func(x *graph.Value, out, in, kernel int, c op.Conv2D, more ...*graph.Value) *graph.Value {
		return b.add(c, append([]*graph.Value{x, b.param(out, in/c.Groups, kernel, kernel)}, more...)...)
	}
	x := conv(b.add(op.Quantize{}, b.g.AddInput("x", graph.Float32)), 8, 3, 3, op.Conv2D{Stride: [2]int{2, 1}, Padding: [2]int{1, 2}, Dilation: [2]int{1, 2}, Groups: 1, Act: act}, b.param(8))
	x = conv(x, 8, 8, 3, op.Conv2D{Stride: [2]int{1, 2}, Padding: [2]int{2, 1}, Dilation: [2]int{2, 1}, Groups: 8, Act: act}, b.param(8))
	x = conv(x, 12, 8, 2, op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 0}, Uneven: [2]int{0, 1}, Dilation: [2]int{1, 1}, Groups: 2}) // without a bias
	x = b.add(op.Flatten{Start: 1, End: -1}, b.add(op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}, x))
	b.g.Outputs = []*graph.Value{b.add(op.Dequantize{}, b.add(op.Linear{}, x, b.param(5, 12), b.param(5)))}
	return b.g
}

// converted is the int8 form of a graph, with weights of few codes, and samples.
func converted(t *testing.T, g *graph.Graph, r *rand.Rand, n int) (*graph.Graph, [][]*tensor.Tensor, quant.CodeRange) {
	t.Helper()
	var samples [][]*tensor.Tensor
	for range n {
		samples = append(samples, []*tensor.Tensor{randomgraph.Image(r, 1, 3, 11, 10)})
	}
	q, err := quant.ParseQConfig("octet", quant.FBGEMM)
	if err == nil {
		q.Weight, err = q.Weight.WithBits(4)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := ptq.Prepare(g, q, ptq.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stats, err := ptq.CalibrateInputs(t.Context(), p, func(yield func([]*tensor.Tensor, error) bool) {
		for _, s := range samples {
			if !yield(s, nil) {
				return
			}
		}
	}, ptq.CalibrateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	int8, _, err := ptq.Convert(p, stats, quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	codes, err := q.Weight.Codes()
	if err != nil {
		t.Fatal(err)
	}
	return int8, samples, codes
}

// meansOf are those of the channels of every layer's results, in real numbers.
func meansOf(t *testing.T, g *graph.Graph, samples [][]*tensor.Tensor) map[string][]float64 {
	t.Helper()
	e, err := engine.Reference(g)
	if err != nil {
		t.Fatal(err)
	}
	means := map[string][]float64{}
	for _, in := range samples {
		_, err := e.RunTapped(context.Background(), func(v *graph.Value, x *tensor.Tensor) error {
			if op.WeightOf(v.Node) == nil {
				return nil
			}
			if x.DType().IsQuantized() {
				if x, err = quant.Dequantize(x); err != nil {
					return err
				}
			}
			channels := x.Dim(1)
			if means[v.Name] == nil {
				means[v.Name] = make([]float64, channels)
			}
			size := x.Numel() / channels
			for i, y := range x.Float32s() {
				means[v.Name][i/size] += float64(y) / float64(size*len(samples))
			}
			return nil
		}, in...)
		if err != nil {
			t.Fatal(err)
		}
	}
	return means
}

// draws is how many networks a test takes together where one alone may have weights that happen
// to be next to codes already, or means that happen to be right.
const draws = 16

// TestBiasCorrectionMovesMeans: without clamps the mean of every channel becomes that of the
// float layer, up to the rounding of results, as engine.Reference computes both.
func TestBiasCorrectionMovesMeans(t *testing.T) {
	r := testseed.Rand(t)
	was, is := map[string]float64{}, map[string]float64{}
	var layers []string
	for range draws {
		g := network(r, quant.NoActivation)
		int8, samples, _ := converted(t, g, r, 16)
		made, err := Run(t.Context(), g, int8, samples, Options{Bias: true})
		if err != nil {
			t.Fatal(err)
		}
		if layers = made.Layers; len(layers) != 4 || made.Biases != 4*12 {
			t.Fatalf("corrected %q, with %d bytes of new biases", layers, made.Biases)
		}
		want, before, after := meansOf(t, g, samples), meansOf(t, int8, samples), meansOf(t, made.Graph, samples)
		for _, n := range layers {
			for c, m := range want[n] {
				was[n] += math.Abs(before[n][c] - m)
				is[n] += math.Abs(after[n][c] - m)
			}
		}
		if slices.ContainsFunc(int8.Nodes, func(n *graph.Node) bool { return n.Name == layers[2] && len(n.Inputs) > 2 }) {
			t.Error("the graph itself has changed")
		}
	}
	for _, n := range layers {
		if is[n] > was[n]/4 {
			t.Errorf("%s: the means were off by %g and are by %g", n, was[n], is[n])
		}
	}
}
