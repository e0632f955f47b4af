package op

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// LSTM is ONNX's: with ft, it, ot = f(x*W + h*R + P.c + b), c' = ft.c + it.g(...) and h' =
// ot.h(c'). The gates lie in the order input, output, forget, cell. With InputForget the forget
// gate is 1 minus the input gate.
//
// Inputs: those of Recurrence, then c [D, N, H] and p [D, 3*H], for input, output and forget.
// Results: y, h and c.
type LSTM struct {
	Recurrence
	InputForget bool `json:"input_forget,omitempty"`
}

// Kind is "lstm".
func (LSTM) Kind() string { return "lstm" }

// Results is three.
func (LSTM) Results() int { return 3 }

// Signatures: float.
func (o LSTM) Signatures() []graph.Signature { return o.recurrent().signature(3) }

func (o LSTM) recurrent() recurrent {
	return recurrent{o.Recurrence, 4, 2, []string{"sigmoid", "tanh", "tanh"}}
}

// Infer returns the shapes.
func (o LSTM) Infer(in []graph.Fact) ([]graph.Type, error) {
	return o.recurrent().infer(in, func(s Sizes) tensor.Shape { return tensor.Shape{s.Directions, 3 * s.Hidden} })
}

// Eval computes one sequence after the other.
func (o LSTM) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return o.recurrent().eval(in, out, func(dir int) cell {
		return func(d *direction, x []float32, states [][]float32) {
			var peep []float32
			if given(in, 7) {
				peep = in[7].Float32s()[dir*3*d.Hidden:]
			}
			o.cell(d, x, states, peep)
		}
	})
}

func (o LSTM) cell(d *direction, x []float32, states [][]float32, peep []float32) {
	h := slices.Clone(states[0])
	d.lstm(states, peep, o.InputForget, func(row int) float32 {
		return product(d.w, x, row) + product(d.r, h, row) + d.bias(row) + d.bias(4*d.Hidden+row)
	})
}

// lstm computes the next states of a sequence. sum gives x*W + h*R + b for a row of the gates.
func (d *direction) lstm(states [][]float32, peep []float32, coupled bool, sum func(row int) float32) {
	n, c := d.Hidden, states[1]
	gate := func(i, k int, cell float32) float32 {
		v := sum(i*n + k)
		if peep != nil && i < 3 {
			v += float32(peep[i*n+k] * cell)
		}
		return d.limited(v)
	}
	for k := range n {
		old := c[k]
		in, fresh := d.act[0](gate(0, k, old)), d.act[1](gate(3, k, 0))
		forget := 1 - in
		if !coupled {
			forget = d.act[0](gate(2, k, old))
		}
		c[k] = float32(forget*old) + float32(in*fresh)
		states[0][k] = d.act[0](gate(1, k, c[k])) * d.act[2](c[k])
	}
}
