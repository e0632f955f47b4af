package autodiff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// TestUntrained: what cannot be trained is named, with what to do instead.
func TestUntrained(t *testing.T) {
	for name, o := range map[string]struct {
		op     graph.Op
		second *tensor.Tensor
		says   string
	}{
		"no gradient":         {op.Det{}, nil, "det has no gradient"},
		"codes as parameters": {op.Add{}, tensor.NewQuantized(tensor.QUInt8, tensor.Affine(1, 0), 1), "is quint8[1]"},
		"whole results":       {op.Cast{To: tensor.Int64}, nil, "only real numbers have gradients"},
	} {
		g := graph.New("g")
		in := []*graph.Value{g.AddInput("x", graph.Float32)}
		if o.second != nil {
			in = append(in, g.AddConst("c", o.second))
		}
		g.Outputs = []*graph.Value{g.AddNode("odd", o.op, in...)}
		p, err := autodiff.Compile(g, autodiff.Options{})
		if err == nil {
			_, err = p.Step(tensor.Shape{2, 3, 4, 4})
		}
		for _, want := range []string{`"odd"`, o.says, "octet quantize"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q in it", name, err, want)
			}
		}
	}
}

// TestSteps: what is flat but for its steps is refused behind what is trained, and only there.
func TestSteps(t *testing.T) {
	for _, name := range []string{"round", "sign", "ceil", "floor"} {
		for _, behind := range []bool{true, false} {
			g := graph.New("g")
			x := g.AddInput("x", graph.Float32)
			step := func(v *graph.Value) *graph.Value { return g.AddNode("odd", op.Function{Name: name}, v) }
			weight := g.AddConst("w", tensor.New(tensor.Float32, 2, 3))
			if behind {
				x = step(g.AddNode("fc", op.Linear{}, x, weight))
			} else {
				x = g.AddNode("fc", op.Linear{}, step(x), weight)
			}
			g.Outputs = []*graph.Value{x}
			p, err := autodiff.Compile(g, autodiff.Options{})
			if err == nil {
				_, err = p.Step(tensor.Shape{4, 3})
			}
			if refused := err != nil && strings.Contains(err.Error(), `"odd"`) && strings.Contains(err.Error(), "flat"); refused != behind || !behind && err != nil {
				t.Errorf("%s, behind a layer: %v: %v", name, behind, err)
			}
		}
	}
}

// TestIndicesAreConstants: indices, and shapes that follow from those of the input, do not keep a model
// from being trained; the gradient is that of the elements that were taken.
func TestIndicesAreConstants(t *testing.T) {
	g := graph.New("g")
	x := g.AddInput("x", graph.Float32)
	w := g.AddConst("w", tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 3, 2)) // three outputs of two numbers
	y := g.AddNode("fc", op.Linear{}, x, w)
	y = g.AddNode("taken", op.Gather{Axis: 1}, y, g.AddConst("at", tensor.Of([]int64{2, 0, 2}, 3)))
	shape := g.AddNode("shape", op.Shape{}, y)
	g.Outputs = []*graph.Value{g.AddNode("same", op.Reshape{}, y, shape)}
	p, err := autodiff.Compile(g, autodiff.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Step(tensor.Shape{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Forward(t.Context(), tensor.Of([]float32{10, 1}, 1, 2))
	if err != nil || !slices.Equal(out, []float32{56, 12, 56}) {
		t.Fatalf("%v, %v", out, err)
	}
	copy(s.Gradient(), []float32{1, 10, 100})
	if err := s.Backward(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.Params()[0].GradTensor().Float32s(); len(p.Params()) != 1 || !slices.Equal(got, []float32{100, 10, 0, 0, 1010, 101}) {
		t.Errorf("%d parameters, gradient %v", len(p.Params()), got)
	}
}
