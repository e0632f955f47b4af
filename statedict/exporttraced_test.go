package statedict

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// Where a module's own name speaks of a scale, only the attribute's word becomes another.
func TestAttributesOfAModuleCalledScale(t *testing.T) {
	g := graph.New("net")
	x := g.AddInput("x", graph.Float32)
	sum := g.AddNode("net.scale_net.add", op.Add{}, x, x)
	got := attributesOf(g, sum.Node)
	if scale, zero := got["net.scale_net.add.scale"], got["net.scale_net.add.zero_point"]; scale != "net_scale_net_scale_0" || zero != "net_scale_net_zero_point_0" {
		t.Errorf("%q and %q", scale, zero)
	}
}
