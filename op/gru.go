package op

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// GRU is ONNX's: with zt, rt = f(x*W + h*R + b), ht = g(x*W + (rt.h)*R + b) and
// h' = (1-zt).ht + zt.h. The gates lie in the order update, reset, hidden. With LinearBeforeReset,
// as in torch.nn.GRU, the reset gate multiplies h*R + b instead of h.
//
// Inputs: those of Recurrence. Results: y and h.
type GRU struct {
	Recurrence
	LinearBeforeReset bool `json:"linear_before_reset,omitempty"`
}

// Kind is "gru".
func (GRU) Kind() string { return "gru" }

// Results is two.
func (GRU) Results() int { return 2 }

// Signatures: float.
func (o GRU) Signatures() []graph.Signature { return o.recurrent().signature(1) }

func (o GRU) recurrent() recurrent {
	return recurrent{o.Recurrence, 3, 1, []string{"sigmoid", "tanh"}}
}

// Infer returns the shapes.
func (o GRU) Infer(in []graph.Fact) ([]graph.Type, error) { return o.recurrent().infer(in) }

// Eval computes one sequence after the other.
func (o GRU) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return o.recurrent().eval(in, out, func(int) cell { return o.cell })
}

func (o GRU) cell(d *direction, x []float32, states [][]float32) {
	h, n := slices.Clone(states[0]), d.Hidden
	gate := func(i, k int) float32 {
		row := i*n + k
		return d.act[0](d.limited(product(d.w, x, row) + product(d.r, h, row) + d.bias(row) + d.bias(3*n+row)))
	}
	reset := make([]float32, n)
	for k := range n {
		reset[k] = gate(1, k)
	}
	kept := make([]float32, n)
	for k := range n {
		kept[k] = reset[k] * h[k]
	}
	for k := range n {
		row := 2*n + k
		own, recurred := product(d.w, x, row)+d.bias(row), d.bias(3*n+row)
		if o.LinearBeforeReset {
			recurred = reset[k] * (product(d.r, h, row) + recurred)
		} else {
			recurred += product(d.r, kept, row)
		}
		fresh := d.act[1](d.limited(own + recurred))
		z := gate(0, k)
		states[0][k] = float32((1-z)*fresh) + float32(z*h[k])
	}
}
