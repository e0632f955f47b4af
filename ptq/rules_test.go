package ptq_test

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// weights is a constant of random numbers.
func weights(t *testing.T, g *graph.Graph, name string, shape ...int) *graph.Value {
	r := testseed.Rand(t)
	x := tensor.New(tensor.Float32, shape...)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	return g.AddConst(name, x)
}

// decisions are those of the rules, by node.
func decisions(t *testing.T, g *graph.Graph) map[string]ptq.Decision {
	t.Helper()
	q, err := quant.ParseQConfig("octet", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ptq.Prepare(g, q, ptq.Options{Rules: true})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]ptq.Decision{}
	for _, d := range p.Decisions {
		found[d.Node] = d
	}
	return found
}

func expect(t *testing.T, got map[string]ptq.Decision, want map[string]ptq.Decision) {
	t.Helper()
	for name, w := range want {
		if g := got[name]; g.Kind != w.Kind || g.Reason != w.Reason {
			t.Errorf("%s: %+v; want kind %d, reason %d", name, g, w.Kind, w.Reason)
		}
	}
}

// TestHeadStaysFloat: scores and boxes, of ranges far apart, are joined behind the last
// layers of their branches, and share no scale.
func TestHeadStaysFloat(t *testing.T) {
	g := graph.New("head")
	x := g.AddInput("x", graph.Float32)
	stem := g.AddNode("stem", op.Linear{}, x, weights(t, g, "w0", 8, 5))
	boxes := g.AddNode("boxes", op.Linear{}, stem, weights(t, g, "w1", 4, 8))
	scores := g.AddNode("scores", op.Sigmoid{}, g.AddNode("logits", op.Linear{}, stem, weights(t, g, "w2", 3, 8)))
	g.Outputs = []*graph.Value{g.AddNode("all", op.Cat{Axis: 1}, boxes, scores)}
	expect(t, decisions(t, g), map[string]ptq.Decision{
		"stem": {Kind: ptq.Own}, "boxes": {Kind: ptq.Real}, "logits": {Kind: ptq.Real},
		"scores": {Reason: ptq.PostProcessing}, "all": {Reason: ptq.PostProcessing},
	})
}

// TestResidualAdditionsOfTransformersStayFloat, and so does what a norm reads; the layers
// between compute on codes.
func TestResidualAdditionsOfTransformersStayFloat(t *testing.T) {
	g := graph.New("block")
	x := g.AddInput("x", graph.Float32)
	a := g.AddNode("a", op.Linear{}, x, weights(t, g, "wa", 6, 6))
	norm := g.AddNode("norm", op.LayerNorm{Axis: -1, Eps: 1e-5}, a)
	b := g.AddNode("b", op.Linear{}, norm, weights(t, g, "wb", 6, 6))
	sum := g.AddNode("sum", op.Add{}, a, b)
	again := g.AddNode("again", op.LayerNorm{Axis: -1, Eps: 1e-5}, sum)
	g.Outputs = []*graph.Value{g.AddNode("c", op.Linear{}, again, weights(t, g, "wc", 6, 6))}
	expect(t, decisions(t, g), map[string]ptq.Decision{
		"a": {Kind: ptq.Real}, "b": {Kind: ptq.Real}, "c": {Kind: ptq.Real},
		"sum": {Reason: ptq.FloatReaders}, "norm": {Reason: ptq.NoInt8Form},
	})
}

// TestAdditionsOfConvolutionsComputeOnCodes: nothing there is float.
func TestAdditionsOfConvolutionsComputeOnCodes(t *testing.T) {
	g := graph.New("residual")
	x := g.AddInput("x", graph.Float32)
	a := g.AddNode("a", op.Linear{}, x, weights(t, g, "wa", 6, 6))
	b := g.AddNode("b", op.Linear{}, a, weights(t, g, "wb", 6, 6))
	sum := g.AddNode("sum", op.Add{}, a, b)
	g.Outputs = []*graph.Value{g.AddNode("c", op.Linear{}, sum, weights(t, g, "wc", 6, 6))}
	expect(t, decisions(t, g), map[string]ptq.Decision{
		"a": {Kind: ptq.Own}, "b": {Kind: ptq.Own}, "sum": {Kind: ptq.Own}, "c": {Kind: ptq.Real},
	})
}

// TestHeadKeepsItsScores: boxes of hundreds and scores below one in one output, through a
// decoding of distributions. Where scores shared a scale with boxes, all of them were zero.
func TestHeadKeepsItsScores(t *testing.T) {
	g := graph.New("detector")
	layer := op.Conv2D{Groups: 1, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}
	x := g.AddInput("x", graph.Float32)
	stem := g.AddNode("stem", op.SiLU{}, g.AddNode("stem conv", layer, x, weights(t, g, "w0", 16, 3, 1, 1)))
	boxes := g.AddNode("boxes", layer, stem, weights(t, g, "w1", 4, 16, 1, 1))
	pixels := g.AddNode("pixels", op.Mul{}, boxes, g.AddConst("stride", tensor.Of([]float32{64}, 1, 1, 1, 1)))
	scores := g.AddNode("scores", op.Sigmoid{}, g.AddNode("logits", layer, stem, weights(t, g, "w2", 8, 16, 1, 1)))
	g.Outputs = []*graph.Value{g.AddNode("all", op.Cat{Axis: 1}, pixels, scores)}
	expect(t, decisions(t, g), map[string]ptq.Decision{
		"boxes": {Kind: ptq.Real}, "logits": {Kind: ptq.Real}, "pixels": {Reason: ptq.ConstantOperand},
		"scores": {Reason: ptq.PostProcessing}, "all": {Reason: ptq.PostProcessing},
	})
	int8, _ := byRules(t, g, images(t, 0, 4, 3, 16, 16))
	other := images(t, 0, 1, 3, 16, 16)
	want, got := outputOf(t, g, other), outputOf(t, int8, other)
	found, total := 0, 0
	for i := 4 * 256; i < len(want); i++ { // behind the boxes
		if want[i] >= 0.25 {
			total++
			if got[i] >= 0.2 {
				found++
			}
		}
	}
	if total == 0 || float64(found) < 0.99*float64(total) {
		t.Errorf("%d of %d scores are kept", found, total)
	}
}
