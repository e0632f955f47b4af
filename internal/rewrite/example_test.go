package rewrite_test

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

func ExampleFuse() {
	g := graph.New("net")
	x := g.AddInput("x", graph.Float32)
	y := g.AddNode("fc1", op.Linear{}, x, g.AddParam("fc1.weight", 8, 4), g.AddParam("fc1.bias", 8))
	y = g.AddNode("relu", op.Clamp{Act: quant.ReLU}, y)
	g.Outputs = append(g.Outputs, y)

	fused, groups, err := rewrite.Fuse(g)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(fused.Nodes), groups[0].Name, groups[0].Kind, groups[0].Members)
	// Output: 1 fc1 linear+relu [fc1 relu]
}
