package qat

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// encoder is a small transformer encoder of images: patches become tokens of width numbers, a block of
// attention and one of GELU follow. Its parameters have names that files may give them.
func encoder(r *rand.Rand, width int) *graph.Graph {
	g := graph.New("encoder")
	draw := func(scale, around float64, shape ...int) *graph.Value {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(around + scale*r.NormFloat64())
		}
		return g.AddConst("onnx::"+string(rune('A'+len(g.Params))), x)
	}
	linear := func(name string, v *graph.Value, from, to int) *graph.Value {
		return g.AddNode(name, op.Linear{}, v, draw(1/math.Sqrt(float64(from)), 0, to, from), draw(0.1, 0, to))
	}
	norm := func(name string, v *graph.Value) *graph.Value {
		return g.AddNode(name, op.LayerNorm{Axis: -1, Eps: 1e-3}, v, draw(0.1, 1, width), draw(0.1, 0, width))
	}
	v := g.AddInput("x", graph.Float32)
	v = g.AddNode("patches", op.Conv2D{Stride: [2]int{4, 4}, Dilation: [2]int{1, 1}, Groups: 1}, v, draw(0.3, 0, width, 1, 4, 4), draw(0.1, 0, width))
	v = g.AddNode("groups", op.GroupNorm{Groups: 2, Eps: 1e-3}, v, draw(0.1, 1, width), draw(0.1, 0, width))
	v = g.AddNode("clamped", op.Clamp{Act: quant.ReLU}, v)
	v = g.AddNode("tokens", op.Transpose{Perm: []int{0, 2, 1}}, g.AddNode("flat", op.Flatten{Start: 2, End: 3}, v))
	h := norm("norm1", v)
	split := g.AddNode("split", op.Split{Axis: -1, Parts: 3}, linear("qkv", h, width, 3*width)).Node.Outputs
	turned := g.AddNode("turned", op.Transpose{Perm: []int{0, 2, 1}}, split[1])
	scores := g.AddNode("softmax", op.Softmax{Axis: -1}, g.AddNode("qk", op.MatMul{}, split[0], turned))
	mixed := g.AddNode("mixed", op.MatMul{}, scores, split[2])
	v = g.AddNode("residual", op.Add{}, v, linear("proj", mixed, width, width))
	h = g.AddNode("gelu", op.GELU{}, linear("fc1", norm("norm2", v), width, 2*width))
	v = g.AddNode("residual2", op.Add{}, v, linear("fc2", h, 2*width, width))
	v = g.AddNode("pooled", op.Mean{Axes: []int{1}}, norm("norm3", v))
	g.Outputs = []*graph.Value{linear("head", v, width, 4)}
	return g
}

// TestFrozenGradientsOfTokens: every parameter of an encoder is trained, those of norms and biases of any
// name too, and its gradient at codes points where that in float does.
func TestFrozenGradientsOfTokens(t *testing.T) {
	r := testseed.Rand(t)
	const width = 16
	g := encoder(r, width)
	x := tensor.New(tensor.Float32, 4, 1, 16, 16)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	config, err := quant.ParseQConfig("octet_qat", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Prepare(g, Options{Numerics: quant.FBGEMM, QConfig: config, Rules: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Params()) != len(g.Params) {
		t.Errorf("%d of %d parameters are trained", len(m.Params()), len(g.Params))
	}
	train(t, m, x, 20, 0) // ranges
	if err := m.FreezeNorms(); err != nil {
		t.Fatal(err)
	}
	p, err := autodiff.Compile(g, autodiff.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Step(x.Shape())
	if err != nil {
		t.Fatal(err)
	}
	// The gradient of the same numbers on both sides: the loss would weigh them by its own values.
	weights := make([]float32, 4*4)
	for i := range weights {
		weights[i] = float32(r.NormFloat64())
	}
	if _, err := s.Forward(context.Background(), x); err != nil {
		t.Fatal(err)
	}
	copy(s.Gradient(), weights)
	if err := s.Backward(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Forward(context.Background(), x); err != nil {
		t.Fatal(err)
	}
	copy(m.Gradient(), weights)
	if err := m.Backward(context.Background()); err != nil {
		t.Fatal(err)
	}
	// Rounding turns the gradients of single parameters of so small a model, and not all of them together.
	sum, count := 0.0, 0
	for i, q := range m.Params() {
		c := cosine(q.Grad, p.Params()[i].Grad)
		if sum, count = sum+c, count+1; !(c > -0.5) { // not a number where there is no gradient
			t.Errorf("%s: the cosine of the gradients at codes and in float is %.3f", q.Name, c)
		}
	}
	if mean := sum / float64(count); !(mean > 0.5) {
		t.Errorf("the cosines of the gradients at codes and in float are %.3f on average", mean)
	}
}
