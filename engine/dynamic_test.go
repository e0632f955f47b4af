package engine

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
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
	g.Outputs = n.Outputs
	lo, hi := op.RangeOf(x.Float32s())
	types, err := n.Op.Infer(graph.FactsOf(x))
	if err != nil {
		t.Fatal(err)
	}
	want, err := n.Op.Eval(graph.Context{}, []*tensor.Tensor{x}, types)
	if err != nil {
		t.Fatal(err)
	}
	if got := want[1].Float32s()[0]; got != (hi-lo)/255 {
		t.Fatalf("the operator has scale %v, not %v", got, (hi-lo)/255)
	}
	for threads := 1; threads <= 4; threads++ {
		p, err := Compile(g, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		y, err := p.NewSession().Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"codes", "scale", "zero point"} {
			if !bytes.Equal(y[i].Bytes(), want[i].Bytes()) {
				t.Errorf("%d threads: the %s is not that of the operator", threads, name)
			}
		}
	}
}

// A bias of another size is an error, as it is of the float LSTM.
func TestDynamicLSTMOfAWrongBias(t *testing.T) {
	codes := func(shape ...int) *tensor.Tensor {
		return tensor.OfQuantized(make([]int8, tensor.Shape(shape).Numel()), tensor.Affine(0.1, 0), shape...)
	}
	g := graph.New("lstm")
	g.Numerics = quant.ONNX
	x := g.AddInput("x", graph.Float32)
	n := g.AddNode("lstm", op.DynamicLSTM{}, x, g.AddConst("w", codes(12, 2)), g.AddConst("r", codes(12, 3)), g.AddConst("b", tensor.New(tensor.Float32, 1, 12))).Node
	g.Outputs = n.Outputs[:1]
	p, err := Compile(g, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.NewSession().Run(context.Background(), tensor.New(tensor.Float32, 4, 1, 2)); err == nil {
		t.Error("it is accepted")
	}
}

// broken is a file that cannot be read any more.
type broken struct{}

var errBroken = errors.New("the file is gone")

func (broken) ReadInto([]byte) error { return errBroken }
func (broken) ChannelsLast() bool    { return false }

// Parameters that cannot be read are an error when a model is compiled, and no panic.
func TestDynamicLayersOfUnreadableParameters(t *testing.T) {
	unreadable := func(shape ...int) *tensor.Tensor {
		v, err := tensor.FromSource(tensor.Float32, nil, shape, broken{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	codes := func(shape ...int) *tensor.Tensor {
		return tensor.OfQuantized(make([]int8, tensor.Shape(shape).Numel()), tensor.Affine(0.1, 0), shape...)
	}
	none := func(d tensor.DType) *tensor.Tensor { return tensor.New(d, 0) }
	for _, c := range []struct {
		name  string
		graph func(g *graph.Graph, x *graph.Value) *graph.Node
	}{
		{"bias of accumulators", func(g *graph.Graph, x *graph.Value) *graph.Node {
			q := g.AddNode("q", op.DynamicQuantize{}, x).Node.Outputs
			conv := op.DynamicConv2D{Conv: op.Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}, FloorBias: true}
			return g.AddNode("y", conv, q[0], q[1], q[2], g.AddConst("w", codes(2, 2, 1, 1)), g.AddConst("b", unreadable(2))).Node
		}},
		{"bias of an LSTM", func(g *graph.Graph, x *graph.Value) *graph.Node {
			return g.AddNode("y", op.DynamicLSTM{}, x, g.AddConst("w", codes(12, 2)), g.AddConst("r", codes(12, 3)), g.AddConst("b", unreadable(1, 24))).Node
		}},
		{"state of an LSTM", func(g *graph.Graph, x *graph.Value) *graph.Node {
			return g.AddNode("y", op.DynamicLSTM{}, x, g.AddConst("w", codes(12, 2)), g.AddConst("r", codes(12, 3)),
				g.AddConst("b", none(tensor.Float32)), g.AddConst("n", none(tensor.Int64)), g.AddConst("h", unreadable(1, 1, 3))).Node
		}},
	} {
		g := graph.New(c.name)
		g.Numerics = quant.ONNX
		g.Outputs = c.graph(g, g.AddInput("x", graph.Float32)).Outputs[:1]
		if _, err := Compile(g, Options{Threads: 1}); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
