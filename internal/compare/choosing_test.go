package compare_test

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Values that are picked by the order of others are chosen; those that a shape or whole numbers of
// the input decide are not.
func TestChooses(t *testing.T) {
	build := func(outputs func(g *graph.Graph, x, ids *graph.Value) []*graph.Value) *graph.Graph {
		g := graph.New("net")
		x, ids := g.AddInput("x", graph.Float32), g.AddInput("ids", graph.Type{DType: tensor.Int64})
		g.Outputs = outputs(g, x, ids)
		return g
	}
	for name, test := range map[string]struct {
		outputs func(g *graph.Graph, x, ids *graph.Value) []*graph.Value
		want    bool
	}{
		"what the largest of others says": {func(g *graph.Graph, x, _ *graph.Value) []*graph.Value {
			best := g.AddNode("best", op.ArgMax{Axis: 1}, x)
			return []*graph.Value{g.AddNode("y", op.Gather{}, x, best)}
		}, true},
		"the place of the largest": {func(g *graph.Graph, x, _ *graph.Value) []*graph.Value {
			return []*graph.Value{g.AddNode("best", op.ArgMax{Axis: 1}, x), g.AddNode("y", op.Sigmoid{}, x)}
		}, false},
		"rows of a table": {func(g *graph.Graph, x, ids *graph.Value) []*graph.Value {
			return []*graph.Value{g.AddNode("y", op.Gather{}, x, ids)}
		}, false},
		"a shape": {func(g *graph.Graph, x, _ *graph.Value) []*graph.Value {
			return []*graph.Value{g.AddNode("y", op.Gather{}, x, g.AddNode("shape", op.Shape{}, x))}
		}, false},
	} {
		if got := compare.Chooses(build(test.outputs)); got != test.want {
			t.Errorf("%s: %v, not %v", name, got, test.want)
		}
	}
}
