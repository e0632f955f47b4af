package engine

import (
	"context"
	"math"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// NaN does not count for the parameters of dynamic quantization, also where one thread sees
// nothing else: they are the same on every number of threads.
func TestDynamicParametersOfNaN(t *testing.T) {
	r := testseed.Rand(t)
	x := tensor.New(tensor.Float32, 1<<16)
	for i := range x.Float32s() {
		if x.Float32s()[i] = float32(r.NormFloat64()); i < 1<<13 {
			x.Float32s()[i] = float32(math.NaN())
		}
	}
	g := graph.New("dynamic")
	n := g.AddNode("q", op.DynamicQuantize{}, g.AddInput("x", graph.Float32)).Node
	g.Outputs = []*graph.Value{n.Outputs[1]}
	lo, hi := op.RangeOf(x.Float32s())
	want := (hi - lo) / 255
	for threads := 1; threads <= 4; threads++ {
		p, err := Compile(g, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		y, err := p.NewSession().Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		if got := y[0].Float32s()[0]; got != want {
			t.Errorf("%d threads: scale %v, not %v", threads, got, want)
		}
	}
}

// A bias of another size is an error, as it is of the float LSTM.
func TestDynamicLSTMOfAWrongBias(t *testing.T) {
	codes := func(shape ...int) *tensor.Tensor {
		return tensor.OfQuantized(make([]int8, tensor.Shape(shape).Numel()), tensor.Affine(0.1, 0), shape...)
	}
	g := graph.New("lstm")
	x := g.AddInput("x", graph.Float32)
	n := g.AddNode("lstm", op.DynamicLSTM{}, x, g.AddConst("w", codes(12, 2)), g.AddConst("r", codes(12, 3)), g.AddConst("b", tensor.New(tensor.Float32, 1, 12))).Node
	g.Outputs = n.Outputs[:1]
	p, err := Compile(g, Options{Threads: 1})
	if err != nil {
		return
	}
	if _, err := p.NewSession().Run(context.Background(), tensor.New(tensor.Float32, 4, 1, 2)); err == nil {
		t.Error("it is accepted")
	}
}
