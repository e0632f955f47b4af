package op

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// RNN is ONNX's: h' = f(x*W + h*R + b).
//
// Inputs: those of Recurrence. Results: y and h.
type RNN struct{ Recurrence }

// Kind is "rnn".
func (RNN) Kind() string { return "rnn" }

// Results is two.
func (RNN) Results() int { return 2 }

// Signatures: float.
func (o RNN) Signatures() []graph.Signature { return o.recurrent().signature(1) }

func (o RNN) recurrent() recurrent { return recurrent{o.Recurrence, 1, 1, []string{"tanh"}} }

// Infer returns the shapes.
func (o RNN) Infer(in []graph.Fact) ([]graph.Type, error) { return o.recurrent().infer(in) }

// Eval computes one sequence after the other.
func (o RNN) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return o.recurrent().eval(in, out, func(int) cell {
		return func(d *direction, x []float32, states [][]float32) {
			h := slices.Clone(states[0])
			for k := range d.Hidden {
				v := product(d.w, x, k) + product(d.r, h, k) + d.bias(k) + d.bias(d.Hidden+k)
				states[0][k] = d.act[0](d.limited(v))
			}
		}
	})
}
