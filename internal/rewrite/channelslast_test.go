package rewrite

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// lastWriter writes networks as converters from TensorFlow do: between two Transposes around
// every convolution, images have channels last.
type lastWriter struct{ writer }

func (w *lastWriter) first(x *graph.Value) *graph.Value {
	return w.node(op.Transpose{Perm: []int{0, 3, 1, 2}}, x)
}

func (w *lastWriter) last(x *graph.Value) *graph.Value {
	return w.node(op.Transpose{Perm: []int{0, -2, 3, 1}}, x)
}

func (w *lastWriter) conv(x *graph.Value, from, to int) *graph.Value {
	name := w.name("conv")
	in := []*graph.Value{w.first(x), w.param(name+".weight", -0.4, 0.4, to, from, 3, 3), w.param(name+".bias", -1, 1, to)}
	return w.last(w.node(op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}, in...))
}

// between draws an operator on x, with 8 channels, that gives the same shape.
func (w *lastWriter) between(x *graph.Value) *graph.Value {
	constant := w.param(w.name("constant"), 0.5, 1.5, [][]int{{}, {1}, {8}, {1, 1, 8}, {1, 1, 1, 8}}[w.rng.IntN(5)]...)
	switch w.rng.IntN(7) {
	case 0:
		return w.node(op.Clamp{Act: 1}, x)
	case 1:
		return w.node(op.Hardswish{}, x)
	case 2:
		return w.either(op.Add{}, x, constant)
	case 3:
		return w.either(op.Mul{}, w.conv(x, 8, 8), x)
	case 4:
		return w.conv(w.node(op.Cat{Axis: []int{3, -1}[w.rng.IntN(2)]}, x, w.conv(x, 8, 8)), 16, 8)
	case 5:
		mean := w.node(op.Mean{Axes: []int{1, -2}, KeepDim: true}, x)
		return w.either(op.Mul{}, x, mean)
	}
	return w.node(op.Pairwise{Name: "maximum"}, x, constant)
}

func lastImages(rng *rand.Rand) *tensor.Tensor {
	x := tensor.New(tensor.Float32, 2, 7, 5, 3)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(rng.NormFloat64())
	}
	return x
}

func transposes(g *graph.Graph) int {
	return strings.Count(" "+kindsOf(g)+" ", " transpose ")
}

// sameNumbers compares results whose sums were taken in the same order but for constants.
func sameNumbers(t *testing.T, name string, want, got *tensor.Tensor) {
	t.Helper()
	const roundings = 1e-5 // of the largest number
	if !want.Shape().Equal(got.Shape()) {
		t.Fatalf("%s: shape %v became %v", name, want.Shape(), got.Shape())
	}
	var largest float64
	for _, v := range want.Float32s() {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i, v := range want.Float32s() {
		if u := got.Float32s()[i]; math.Abs(float64(v-u)) > roundings*largest {
			t.Fatalf("%s: %v became %v", name, v, u)
		}
	}
}

// A network with channels last keeps one Transpose, that of its input, and computes the same.
func TestChannelsFirst(t *testing.T) {
	rng := testseed.Rand(t)
	for range 60 {
		w := &lastWriter{writer{maker: maker{g: graph.New("exported"), rng: rng}}}
		x := w.conv(w.g.AddInput("x", graph.Float32), 3, 8)
		for range 1 + rng.IntN(5) {
			x = w.between(x)
		}
		x = w.conv(x, 8, 8)
		x = w.node(op.Pad{Before: []int{0, 1, 0, 0}, After: []int{0, 0, 2, 0}, Mode: "constant"}, x)
		x = w.conv(x, 8, 8)
		w.g.Outputs = []*graph.Value{w.node(op.Mean{Axes: []int{1, 2}}, x)}
		got, err := Recompose(w.g)
		if err != nil {
			t.Fatal(err)
		}
		if n := transposes(got); n != 1 || got.Outputs[0].Name != w.g.Outputs[0].Name {
			t.Errorf("%s became %s with output %s", kindsOf(w.g), kindsOf(got), got.Outputs[0].Name)
		}
		in := lastImages(rng)
		before, after := run(t, w.g, in)[0], run(t, got, in)[0]
		sameNumbers(t, got.Outputs[0].Name, before, after)
	}
}

// Outputs with channels last keep their names, shapes and order, whoever else reads them.
func TestChannelsLastOutputsStay(t *testing.T) {
	rng := testseed.Rand(t)
	for range 40 {
		w := &lastWriter{writer{maker: maker{g: graph.New("exported"), rng: rng}}}
		x := w.conv(w.g.AddInput("x", graph.Float32), 3, 8)
		for range 1 + rng.IntN(4) {
			x = w.between(x)
			if rng.IntN(2) == 0 {
				w.g.Outputs = append(w.g.Outputs, x)
			}
		}
		w.g.Outputs = append(w.g.Outputs, w.conv(x, 8, 8), w.node(op.Mean{Axes: []int{1}}, x))
		got, err := Recompose(w.g)
		if err != nil {
			t.Fatal(err)
		}
		names := func(g *graph.Graph) (all []string) {
			for _, v := range g.Outputs {
				all = append(all, v.Name)
			}
			return all
		}
		if !slices.Equal(names(w.g), names(got)) {
			t.Fatalf("outputs %v became %v", names(w.g), names(got))
		}
		in := lastImages(rng)
		before, after := run(t, w.g, in), run(t, got, in)
		for o, want := range before {
			sameNumbers(t, got.Outputs[o].Name, want, after[o])
		}
	}
}
