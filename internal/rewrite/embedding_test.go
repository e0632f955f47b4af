package rewrite

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Rows of whole numbers of eight bits that are dequantized behind an embedding are codes; numbers
// that eight bits do not hold, and rows that are read otherwise, stay whole.
func TestEmbeddingOfCodes(t *testing.T) {
	build := func(largest int64, scale float32, read bool) *graph.Graph {
		g := graph.New("embedding")
		table := g.AddConst("table", tensor.Of([]int64{1, -7, 100, largest}, 2, 2))
		rows := g.AddNode("rows", op.Gather{}, table, g.AddInput("ids", graph.Type{DType: tensor.Int64}))
		y := g.AddNode("y", op.DequantizeWhole{}, rows, g.AddConst("s", tensor.Of([]float32{scale})), g.AddConst("z", tensor.Of([]int64{3})))
		g.Outputs = []*graph.Value{y}
		if read {
			g.Outputs = append(g.Outputs, rows)
		}
		return g
	}
	for _, c := range []struct {
		largest int64
		scale   float32
		read    bool
		kind    string
	}{{127, 0.5, false, "dequantize"}, {300, 0.5, false, "dequantize_whole"}, {127, 0, false, "dequantize_whole"}, {127, 0.5, true, "dequantize_whole"}} {
		g, err := Dynamic(build(c.largest, c.scale, c.read))
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Validate(); err != nil {
			t.Error(err)
		}
		if n, _ := g.Node("y"); n.Op.Kind() != c.kind {
			t.Errorf("%+v: %s", c, n.Op.Kind())
		}
	}
}
