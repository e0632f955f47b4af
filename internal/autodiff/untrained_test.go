package autodiff_test

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// TestUntrained: what cannot be trained is named, with what to do instead.
func TestUntrained(t *testing.T) {
	for name, o := range map[string]struct {
		op     graph.Op
		second *tensor.Tensor
		says   string
	}{
		"no gradient":   {op.Det{}, nil, "det has no gradient"},
		"whole numbers": {op.Gather{Axis: 1}, tensor.Of([]int64{0}, 1), "is int64[1]"},
	} {
		g := graph.New("g")
		in := []*graph.Value{g.AddInput("x", graph.Float32)}
		if o.second != nil {
			in = append(in, g.AddConst("c", o.second))
		}
		g.Outputs = []*graph.Value{g.AddNode("odd", o.op, in...)}
		p, err := autodiff.Compile(g, autodiff.Options{})
		if err == nil {
			_, err = p.Step(tensor.Shape{2, 3, 4, 4})
		}
		for _, want := range []string{`"odd"`, o.says, "octet quantize"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q in it", name, err, want)
			}
		}
	}
}
