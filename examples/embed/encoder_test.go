package main

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// writeEncoder writes the encoder of the tests: embeddings, one layer of attention without the
// places of words, and a feed-forward network, with weights of a generator.
func writeEncoder(t *testing.T) {
	const vocabulary, width = 16, 32
	r := rand.New(rand.NewPCG(1, 2))
	g := graph.New("encoder")
	weight := func(name string, shape ...int) *graph.Value {
		w := tensor.New(tensor.Float32, shape...)
		for i := range w.Float32s() {
			w.Float32s()[i] = float32(r.NormFloat64() / math.Sqrt(float64(shape[len(shape)-1])))
		}
		return g.AddConst(name, w)
	}
	ids := g.AddInput("input_ids", graph.Type{DType: tensor.Int64})
	mask := g.AddInput("attention_mask", graph.Type{DType: tensor.Int64})
	x := g.AddNode("embedding", op.Gather{}, weight("words", vocabulary, width), ids)
	q, k, v := g.AddNode("q", op.Linear{}, x, weight("wq", width, width)), g.AddNode("k", op.Linear{}, x, weight("wk", width, width)), g.AddNode("v", op.Linear{}, x, weight("wv", width, width))
	scores := g.AddNode("scores", op.MatMul{}, q, g.AddNode("kt", op.Transpose{Perm: []int{0, 2, 1}}, k))
	// Tokens that are none have -10000 added: (mask - 1) * 10000.
	real := g.AddNode("mask", op.Cast{To: tensor.Float32}, g.AddNode("keys", op.Unsqueeze{Axes: []int{1}}, mask))
	real = g.AddNode("less", op.Sub{}, real, g.AddConst("one", tensor.Of([]float32{1})))
	real = g.AddNode("large", op.Mul{}, real, g.AddConst("much", tensor.Of([]float32{10000})))
	scores = g.AddNode("softmax", op.Softmax{Axis: -1}, g.AddNode("masked", op.Add{}, scores, real))
	x = g.AddNode("attended", op.Add{}, x, g.AddNode("context", op.MatMul{}, scores, v))
	h := g.AddNode("fc1", op.Linear{}, x, weight("w1", 4*width, width))
	h = g.AddNode("fc2", op.Linear{}, g.AddNode("gelu", op.GELU{}, h), weight("w2", width, 4*width))
	y := g.AddNode("last_hidden_state", op.Add{}, x, h)
	g.Outputs = []*graph.Value{y}
	sizes, names := []int{0, 0}, []string{"batch", "tokens"}
	data, err := onnx.Marshal(g, onnx.Export{Inputs: []onnx.Port{{Sizes: sizes, Names: names}, {Sizes: sizes, Names: names}}})
	if err == nil {
		err = os.WriteFile(encoder, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
