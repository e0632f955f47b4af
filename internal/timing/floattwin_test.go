package timing

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// What reads the scale of dynamic codes has no float form: that is said, by name.
func TestFloatTwinOfParametersOfCodes(t *testing.T) {
	g := graph.New("dynamic")
	q := g.AddNode("q", op.DynamicQuantize{}, g.AddInput("x", graph.Float32)).Node
	g.Outputs = []*graph.Value{g.AddNode("scaled", op.Mul{}, q.Outputs[1], g.AddConst("two", tensor.Of([]float32{2})))}
	if _, err := FloatTwin(g); err == nil || !strings.Contains(err.Error(), `"scaled"`) {
		t.Errorf("%v", err)
	}
	g.Outputs = []*graph.Value{q.Outputs[1]}
	if _, err := FloatTwin(g); err == nil {
		t.Error("a scale has a float form")
	}
}
