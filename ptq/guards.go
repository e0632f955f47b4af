package ptq

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// largestBias is the largest int32 bias, in units of the accumulator's scale: products are
// added to it in int32, and need room beside it.
const largestBias = 1 << 30

// holdBias returns the quantized weight of n with larger scales for the channels whose bias
// would overflow int32 at the accumulator's scale (input scale times weight scale). Such
// weights are tiny beside the bias. Not all rules add biases in int32, but files store them so.
func (c *converter) holdBias(n *graph.Node, w, q *tensor.Tensor) (*tensor.Tensor, error) {
	x := c.inputParams(n)
	if !c.p.rules || x == nil || len(n.Inputs) < 3 || n.Inputs[2].Data == nil || n.Inputs[2].Data.DType() != tensor.Float32 {
		return q, nil
	}
	bias := n.Inputs[2].Data
	if err := bias.Load(); err != nil {
		return nil, err
	}
	p := *q.QParams()
	p.Scales = slices.Clone(p.Scales)
	raised := 0
	for i, b := range bias.Float32s() {
		at := min(i, len(p.Scales)-1)
		if least := math.Abs(float64(b)) / (x.Scale() * largestBias); p.Scales[at] < least {
			p.Scales[at] = float64(float32(least))
			raised++
		}
	}
	if raised == 0 {
		return q, nil
	}
	if c.report != nil {
		c.report.Warnings = append(c.report.Warnings, fmt.Sprintf("%s: %d of %d channels have a bias far beyond what their weights give, which are coarser so that int32 holds it", n.Name, raised, bias.Numel()))
	}
	return quantizeBy(w, &p, q.DType())
}

// inputParams are those of the codes that n takes; nil where it takes none.
func (c *converter) inputParams(n *graph.Node) *tensor.QParams {
	if q := n.Inputs[0].Type.Q; q != nil {
		return q
	}
	return c.types[n.Inputs[0].Name].Q
}
