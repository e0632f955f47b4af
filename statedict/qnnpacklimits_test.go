package statedict

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// What torch.ops.quantized.add of torch 2.15 with qnnpack takes and refuses.
func TestAdditionsThatQNNPACKRefuses(t *testing.T) {
	for _, c := range []struct {
		a, b, out float64
		refused   bool
	}{
		{1, 1, 1, false},
		{0x1p-14, 1, 1, false},
		{1, 0x1p-14, 1, false},
		{1, 1, 0x1p14, false},
		{0x1.cp-15, 1, 1, true},
		{1, 0x1.cp-15, 1, true},
		{1, 1, 0x1.2p14, true},
		{255, 1, 1, false},
		{256, 1, 1, true},
		{1, 300, 1, true},
		{0x1p-23, 0.02, 0.02, true}, // a branch that is always zero
	} {
		for _, n := range []quant.Numerics{quant.QNNPACK, quant.FBGEMM} {
			g := graph.New("sum")
			operand := func(name string, scale float64) *graph.Value {
				x := g.AddInput(name, graph.Float32)
				q := g.AddNode(name+".quant", op.Quantize{}, x)
				q.Node.Output().Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(scale, 0)}
				return q
			}
			sum := g.AddNode("block.add", op.Add{}, operand("a", c.a), operand("b", c.b))
			sum.Node.Output().Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(c.out, 0)}
			g.Outputs, g.Numerics = append(g.Outputs, sum), n
			notes := qnnpackRefuses(g)
			if want := c.refused && n == quant.QNNPACK; (len(notes) == 1) != want {
				t.Errorf("%v + %v = %v with %v: %q", c.a, c.b, c.out, n, notes)
			} else if want && !strings.Contains(notes[0], "in block.add") {
				t.Errorf("note %q", notes[0])
			}
		}
	}
}
