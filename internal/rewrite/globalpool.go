package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// globalPool recognises a pooling of images to one pixel, which PyTorch runs as a mean over
// the axes -1 and -2 and its newer exporter writes as that. The difference matters on codes:
// a pooling keeps the scale of its input.
func (c *composer) globalPool(n *graph.Node) (graph.Op, []*graph.Value) {
	if m, ok := n.Op.(op.Mean); !ok || !m.KeepDim || !slices.Equal(m.Axes, []int{-1, -2}) {
		return nil, nil
	}
	for _, t := range c.trials() {
		if len(t.shape(n.Inputs[0])) != 4 {
			return nil, nil
		}
	}
	return op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}, n.Inputs[:1]
}
