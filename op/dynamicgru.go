package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// DynamicGRU is a GRU with quantized weights, as torch.ao.nn.quantized.dynamic.GRU has it: x is
// quantized dynamically as a whole, and before every step the states h of the batch are. Gates come
// from two dynamic linear layers, each with its bias, and h' = (h - ht).zt + ht. The reset gate
// multiplies what h adds, so that the GRU must have LinearBeforeReset.
//
// Inputs: those of GRU, without lengths, with w [D*3*H, I] and r [D*3*H, H] in codes, per
// tensor or along axis 0.
type DynamicGRU struct {
	GRU GRU `json:"gru"`
}

// Kind is "dynamic_gru".
func (DynamicGRU) Kind() string { return "dynamic_gru" }

// Results is two.
func (DynamicGRU) Results() int { return 2 }

// Signatures: float32 with quantized weights, both of one type.
func (o DynamicGRU) Signatures() []graph.Signature { return dynamicSignatures(1) }

// Infer returns the shapes.
func (o DynamicGRU) Infer(in []graph.Fact) ([]graph.Type, error) {
	if !o.GRU.LinearBeforeReset {
		return nil, fmt.Errorf("the reset gate multiplies the state; a dynamic GRU has linear_before_reset")
	}
	whole, err := byDirections(in, 6, o.GRU.Directions())
	if err != nil {
		return nil, err
	}
	return o.GRU.Infer(whole)
}

// Eval computes one direction after the other.
func (o DynamicGRU) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return o.GRU.recurrent().dynamic(ctx.Numerics, in, out, true, func(d *direction, _ int, x, h []float32, states [][]float32) {
		n, state := d.Hidden, states[0]
		gate := func(i int) float32 { return d.act[0](d.limited(x[i] + h[i])) }
		for k := range n {
			kept := float32(gate(n+k) * h[2*n+k])
			fresh := d.act[1](d.limited(x[2*n+k] + kept))
			state[k] = float32((state[k]-fresh)*gate(k)) + fresh
		}
	})
}
