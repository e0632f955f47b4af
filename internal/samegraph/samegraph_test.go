package samegraph_test

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/samegraph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// net is tanh(x + w) - sigmoid(x + w), whose branches have the order and the names that prefix
// says.
func net(prefix string, w float32, swapped bool, pool graph.Op) *graph.Graph {
	g := graph.New(prefix)
	x := g.AddInput(prefix+"x", graph.Float32)
	sum := g.AddNode(prefix+"sum", op.Add{}, x, g.AddConst(prefix+"w", tensor.Of([]float32{w}, 1)))
	var a, b *graph.Value
	if swapped {
		b = g.AddNode(prefix+"b", op.Sigmoid{}, sum)
		a = g.AddNode(prefix+"a", op.Tanh{}, sum)
	} else {
		a = g.AddNode(prefix+"a", op.Tanh{}, sum)
		b = g.AddNode(prefix+"b", op.Sigmoid{}, sum)
	}
	g.Outputs = []*graph.Value{g.AddNode(prefix+"y", pool, g.AddNode(prefix+"d", op.Sub{}, a, b))}
	return g
}

// TestDifference: names, order and the forms of a global pool do not matter; data, operators
// and their order in the computation do.
func TestDifference(t *testing.T) {
	global, mean := op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}, op.Mean{Axes: []int{2, 3}, KeepDim: true}
	for name, c := range map[string]struct {
		other *graph.Graph
		want  string
	}{
		"the same":    {net("n", 1, true, mean), ""},
		"from behind": {net("n", 1, true, op.Mean{Axes: []int{-1, -2}, KeepDim: true}), ""},
		"other data":  {net("n", 2, false, global), "msum (add"},
		"other shape": {net("n", 1, false, op.AdaptiveAvgPool2D{Output: [2]int{2, 1}}), "my (adaptive_avg_pool2d"},
	} {
		got, err := samegraph.Difference(net("m", 1, false, global), c.other, tensor.Shape{1, 2, 3, 3})
		if err != nil || (c.want == "") != (got == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}
