package autodiff_test

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// TestTokens: the gradients of a transposed convolution, and of layers on tokens, are the slopes of the
// output, for parameters of every sort.
func TestTokens(t *testing.T) {
	r := testseed.Rand(t)
	draw := func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(r.NormFloat64()) / 2
		}
		return x
	}
	g := graph.New("g")
	up := op.ConvTranspose2D{Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Groups: 1}
	v := g.AddNode("up", up, g.AddInput("x", graph.Float32), g.AddConst("up.weight", draw(2, 3, 2, 2)), g.AddConst("up.bias", draw(3)))
	v = g.AddNode("turned", op.Transpose{Perm: []int{0, 2, 1}}, g.AddNode("flat", op.Flatten{Start: 2, End: 3}, v))
	norm := g.AddNode("norm", op.LayerNorm{Axis: -1, Eps: 0.1}, v, g.AddConst("gamma", draw(3)), g.AddConst("beta", draw(3)))
	v = g.AddNode("fc", op.Linear{}, norm, g.AddConst("fc.weight", draw(3, 3)), g.AddConst("fc.bias", draw(3)))
	scores := g.AddNode("scores", op.Softmax{Axis: -1}, g.AddNode("qk", op.MatMul{}, v, g.AddNode("k", op.Transpose{Perm: []int{0, 2, 1}}, norm)))
	v = g.AddNode("sum", op.Add{}, norm, g.AddNode("mixed", op.MatMul{}, scores, v))
	v = g.AddNode("centred", op.Add{}, v, g.AddNode("mean", op.Mean{Axes: []int{1}, KeepDim: true}, v)) // of another shape
	g.Outputs = []*graph.Value{g.AddNode("out", op.Flatten{Start: 1, End: 2}, v)}
	p, err := autodiff.Compile(g, autodiff.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := draw(2, 2, 2, 3)
	s, err := p.Step(x.Shape())
	if err != nil {
		t.Fatal(err)
	}
	weights := draw(2 * 24 * 3).Float32s()
	loss := func() (sum float64) {
		y, err := s.Forward(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range y {
			sum += float64(v) * float64(weights[i])
		}
		return sum
	}
	loss()
	copy(s.Gradient(), weights)
	if err := s.Backward(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(p.Params()) != 6 {
		t.Fatalf("%d parameters are trained", len(p.Params()))
	}
	const (
		by    = 1.0 / 64
		close = 0.02 // of a slope over a step that large, in float32
	)
	for _, q := range p.Params() {
		grads := append([]float32{}, q.Grad...)
		for i, want := range grads {
			was := q.Data[i]
			q.Data[i] = was + by
			above := loss()
			q.Data[i] = was - by
			slope := (above - loss()) / (2 * by)
			q.Data[i] = was
			if math.Abs(slope-float64(want)) > close*(1+math.Abs(slope)) {
				t.Errorf("%s[%d]: gradient %v, slope %v", q.Name, i, want, slope)
			}
		}
	}
}
