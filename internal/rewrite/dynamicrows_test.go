package rewrite

import (
	"fmt"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// The spelling of rows with ranges of their own is found where all of it is there; what only looks
// like it stays as it is.
func TestSpelledRows(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(s rowSpelling, sums *tensor.Tensor, product *graph.Node)
		rows    bool
		product bool
	}{
		{"all", func(rowSpelling, *tensor.Tensor, *graph.Node) {}, true, true},
		{"another number", func(s rowSpelling, _ *tensor.Tensor, _ *graph.Node) { s.codes.Node.Inputs[1].Data.Float32s()[0] = 127 }, false, false},
		{"another axis", func(s rowSpelling, _ *tensor.Tensor, _ *graph.Node) {
			s.scale.Node.Inputs[2].Node.Inputs[0].Node.Inputs[0].Node.Inputs[0].Node.Op = op.Reduce{Name: "amax", Axes: []int{0}, KeepDim: true}
		}, false, false},
		{"other sums", func(_ rowSpelling, sums *tensor.Tensor, _ *graph.Node) { sums.Int64s()[0]++ }, true, false},
		{"a zero point of all", func(_ rowSpelling, _ *tensor.Tensor, product *graph.Node) {
			product.Inputs[2].Data.Int64s()[0] = 1
		}, true, false},
	} {
		s := spellRows()
		g := graph.New(c.name)
		g.Inputs = []*graph.Value{s.x}
		seen := map[*graph.Value]bool{s.x: true}
		var add func(v *graph.Value)
		add = func(v *graph.Value) {
			if seen[v] {
				return
			}
			seen[v] = true
			if v.Node == nil {
				g.Params = append(g.Params, v)
				return
			}
			for _, in := range v.Node.Inputs {
				add(in)
			}
			g.Nodes = append(g.Nodes, v.Node)
		}
		add(s.codes)
		whole := func(v ...int64) *graph.Value { return g.AddConst("", tensor.Of(v, len(v))) }
		codes, zero := g.AddNode("codes", wrapped, s.codes), g.AddNode("zero", wrapped, s.point)
		sums := tensor.Of([]int64{3, 7}, 2)
		w := g.AddConst("w", tensor.Of([]int64{1, 3, 2, 4}, 2, 2)) // [K, O]
		y := g.AddNode("product", op.IntegerMatMul{}, codes, w, whole(0), whole(0))
		product := y.Node
		y = g.AddNode("sub", op.Sub{}, y, g.AddNode("shift", op.Mul{}, zero, g.AddConst("sums", sums)))
		y = g.AddNode("real", op.Cast{To: tensor.Float32}, y)
		scale := g.AddNode("scales", op.Mul{}, s.scale, g.AddConst("scale", tensor.Of([]float32{0.5})))
		g.Outputs = []*graph.Value{g.AddNode("y", op.Mul{}, y, scale)}
		c.change(s, sums, product)
		for i, v := range g.Params {
			v.Name = fmt.Sprint("constant", i)
		}
		for i, n := range g.Nodes {
			n.Name = fmt.Sprint(n.Name, i)
			n.Outputs[0].Name = n.Name
		}
		made, err := Dynamic(g)
		if err != nil {
			t.Fatal(err)
		}
		if err := made.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		rows, linear := false, false
		for _, n := range made.Nodes {
			rows = rows || n.Op == graph.Op(op.DynamicQuantize{ByRow: true})
			linear = linear || n.Op == graph.Op(op.DynamicLinear{ByRow: true})
		}
		if rows != c.rows || linear != c.product {
			t.Errorf("%s: rows are found: %v, the product: %v", c.name, rows, linear)
		}
	}
}
