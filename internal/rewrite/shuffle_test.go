package rewrite

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// TestChannelShuffle: three movements of elements are a channel shuffle where their shapes say
// so for every size, and stay what they are otherwise.
func TestChannelShuffle(t *testing.T) {
	swap := []int{0, 2, 1, 3, 4}
	for name, c := range map[string]struct {
		split, joined op.Reshape
		perm          []int
		want          int // groups
	}{
		"constants":         {op.Reshape{Shape: []int{-1, 2, 3, 10, 12}}, op.Reshape{Shape: []int{-1, 6, 10, 12}}, swap, 2},
		"three groups":      {op.Reshape{Shape: []int{0, 3, 2, 10, 12}, KeepZero: true}, op.Reshape{Shape: []int{0, -1, 10, 12}, KeepZero: true}, swap, 3},
		"other permutation": {op.Reshape{Shape: []int{-1, 2, 3, 10, 12}}, op.Reshape{Shape: []int{-1, 6, 10, 12}}, []int{0, 1, 2, 4, 3}, 0},
		"other channels":    {op.Reshape{Shape: []int{-1, 2, 3, 10, 12}}, op.Reshape{Shape: []int{-1, 3, 20, 12}}, swap, 0},
		"other rows":        {op.Reshape{Shape: []int{-1, 2, 3, 12, 10}}, op.Reshape{Shape: []int{-1, 6, 10, 12}}, swap, 0},
		"one size alone":    {op.Reshape{Shape: []int{2, 2, 3, -1, 12}}, op.Reshape{Shape: []int{2, 6, -1, 12}}, swap, 0},
	} {
		g := graph.New(name)
		x := g.AddInput("x", graph.Float32)
		x.Sizes = []int{0, 6, 10, 12}
		y := g.AddNode("split", c.split, x)
		y = g.AddNode("joined", c.joined, g.AddNode("swap", op.Transpose{Perm: c.perm}, y))
		g.Outputs = []*graph.Value{y}
		out, err := Recompose(g)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		if s, ok := out.Outputs[0].Node.Op.(op.ChannelShuffle); ok && len(out.Nodes) == 1 {
			got = s.Groups
		}
		if got != c.want {
			t.Errorf("%s: %d groups of %d nodes; want %d", name, got, len(out.Nodes), c.want)
		}
	}
}

// TestAffine: channels times a constant plus a constant are one operator where they are all of
// an image's, in order.
func TestAffine(t *testing.T) {
	for name, c := range map[string]struct {
		channels int
		order    []int64
		want     string
	}{
		"all":       {3, []int64{0, 1, 2}, "affine"},
		"reordered": {3, []int64{0, 2, 1}, "cat"},
		"some":      {4, []int64{0, 1, 2}, "cat"},
	} {
		g := graph.New(name)
		x := g.AddInput("x", graph.Float32)
		x.Sizes = []int{0, c.channels, 0, 0}
		var parts []*graph.Value
		for i, channel := range c.order {
			number := func(kind string, f float32) *graph.Value {
				return g.AddConst(string(rune('a'+i))+kind, tensor.Of([]float32{f}))
			}
			node := func(o graph.Op, in ...*graph.Value) *graph.Value {
				return g.AddNode(string(rune('a'+i))+o.Kind(), o, in...)
			}
			v := node(op.Gather{Axis: 1}, x, g.AddConst(string(rune('a'+i))+"index", tensor.Of([]int64{channel})))
			v = node(op.Mul{}, node(op.Unsqueeze{Axes: []int{1}}, v), number("scale", float32(i+2)))
			parts = append(parts, node(op.Add{}, v, number("shift", float32(i)-0.5)))
		}
		g.Outputs = []*graph.Value{g.AddNode("y", op.Cat{Axis: 1}, parts...)}
		out, err := Recompose(g)
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Outputs[0].Node.Op; got.Kind() != c.want {
			t.Errorf("%s: %+v; want %s", name, got, c.want)
		} else if a, ok := got.(op.Affine); ok && (a.Scale[2] != 4 || a.Shift[2] != 1.5) {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestGlobalPool: a mean over the last two axes is a pooling of images, and of images alone.
func TestGlobalPool(t *testing.T) {
	for sizes, want := range map[[5]int]string{{0, 3, 0, 0}: "adaptive_avg_pool2d", {1, 3, 4, 5, 6}: "mean"} {
		g := graph.New("pool")
		x := g.AddInput("x", graph.Float32)
		x.Sizes = sizes[:4]
		if sizes[4] > 0 {
			x.Sizes = sizes[:]
		}
		g.Outputs = []*graph.Value{g.AddNode("y", op.Mean{Axes: []int{-1, -2}, KeepDim: true}, x)}
		out, err := Recompose(g)
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Outputs[0].Node.Op.Kind(); got != want {
			t.Errorf("%v: %s; want %s", sizes, got, want)
		}
	}
}
