package rewrite

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

func u8(scale float64, zero int64) graph.Type {
	return graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(scale, zero)}
}

func kinds(g *graph.Graph) string {
	var s []string
	for _, n := range g.Nodes {
		s = append(s, n.Name)
	}
	return strings.Join(s, " ")
}

// A float layer between integers gets one Dequantize and one Quantize, however
// many read them.
func TestPlaceQDQAroundAFloatNode(t *testing.T) {
	g := graph.New("net")
	x := g.AddInput("x", graph.Float32)
	q := g.AddNode("quant", op.Quantize{}, x)
	q.Type = u8(0.1, 3)
	a := g.AddNode("a", op.Add{}, q, q)
	a.Type = u8(0.2, 5)
	f := g.AddNode("f", op.Add{}, a, q) // float
	b := g.AddNode("b", op.Add{}, f, a)
	b.Type = u8(0.3, 0)
	c := g.AddNode("c", op.Add{}, f, b)
	c.Type = u8(0.4, 0)
	h := g.AddNode("h", op.Add{}, a, f) // float
	g.Outputs = append(g.Outputs, c, h)
	out, err := PlaceQDQ(g, func(name string) (graph.Type, bool) { return u8(0.7, 9), name == "f" })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(out), "quant quant.dequant a a.dequant f f.quant b c c.dequant h"; got != want {
		t.Errorf("nodes %s, want %s", got, want)
	}
	n, _ := out.Node("f.quant")
	if n.Note != "inserted: b needs quint8" || !n.Output().Type.Q.Equal(tensor.Affine(0.7, 9)) {
		t.Errorf("%q %v", n.Note, n.Output().Type)
	}
	for _, n := range out.Nodes {
		if err := n.CheckSignature(); err != nil {
			t.Error(err)
		}
	}
	if out.Outputs[0].Type.DType != tensor.Float32 {
		t.Errorf("output %v", out.Outputs[0].Type)
	}
	if kinds(g) != "quant a f b c h" {
		t.Error("PlaceQDQ changed its input")
	}
}

func TestPlaceQDQNamesWhatItCannotConvert(t *testing.T) {
	g := graph.New("net")
	x := g.AddInput("x", graph.Float32)
	a := g.AddNode("a", op.Add{}, x, x)
	a.Type = u8(0.2, 5)
	g.Outputs = append(g.Outputs, a)
	if _, err := PlaceQDQ(g, nil); err == nil || !strings.Contains(err.Error(), "a (add)") {
		t.Errorf("error %v", err)
	}
}

func TestPlaceQDQFoldsRoundTrips(t *testing.T) {
	for _, same := range []bool{true, false} {
		g := graph.New("net")
		x := g.AddInput("x", u8(0.1, 3))
		d := g.AddNode("d", op.Dequantize{}, x)
		q := g.AddNode("q", op.Quantize{}, d)
		q.Type = u8(0.1, 3)
		if !same {
			q.Type = u8(0.1, 4)
		}
		g.Outputs = append(g.Outputs, g.AddNode("e", op.Dequantize{}, q))
		out, err := PlaceQDQ(g, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := "d q e"
		if same {
			want = "e"
		}
		if got := kinds(out); got != want {
			t.Errorf("nodes %s, want %s", got, want)
		}
	}
}
