package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// ConvND is a convolution over any number of axes, without a clamp and in float alone; Conv2D
// is the usual one.
//
// Inputs: x [N, C, ...], weight [O, C/Groups, ...], optional bias [O]. Result: [N, O, ...].
type ConvND struct {
	Spatial
	Groups int `json:"groups"` // as in Conv2D
}

// Kind is "conv_nd".
func (ConvND) Kind() string { return "conv_nd" }

// Signatures: float.
func (ConvND) Signatures() []graph.Signature { return each(3, f32) }

// Infer returns [N, O, ...].
func (c ConvND) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 3); err != nil {
		return nil, err
	}
	x, w := in[0].Shape, in[1].Shape
	if len(x) < 3 || len(w) != len(x) {
		return nil, fmt.Errorf("input has shape %v and weight %v; expected [N, C, ...] and [O, C/groups, ...]", x, w)
	}
	if c.Groups < 1 || w[1]*c.Groups != x[1] || w[0] == 0 || w[0]%c.Groups != 0 {
		return nil, fmt.Errorf("weight %v in %d groups does not fit the %d channels of %v", w, c.Groups, x[1], x)
	}
	if err := checkBias(in, w[0]); err != nil {
		return nil, err
	}
	_, out, err := c.windows(x, w[2:], false)
	if err != nil {
		return nil, err
	}
	return float(append(tensor.Shape{x[0], w[0]}, out...))
}

// Eval rounds each sum to float32 once, then adds the bias.
func (c ConvND) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	xs, ws := in[0].Shape(), in[1].Shape()
	windows, extents, err := c.windows(xs, ws[2:], false)
	if err != nil {
		return nil, err
	}
	x, w, y := in[0].Float32s(), in[1].Float32s(), tensor.New(f32, out[0].Shape...)
	size, taps, positions := xs[2:].Numel(), ws[2:].Numel(), max(1, extents.Numel())
	perGroup, bias := ws[0]/c.Groups, biasOf(in)
	for i := range y.Float32s() {
		image, o := i/positions/ws[0], i/positions%ws[0]
		sum := 0.0
		cellsAt(windows, xs[2:], extents, i%positions, func(tap, at int) {
			if at < 0 {
				return
			}
			for ci := range ws[1] {
				from := (image*xs[1]+o/perGroup*ws[1]+ci)*size + at
				sum += float64(x[from]) * float64(w[(o*ws[1]+ci)*taps+tap])
			}
		})
		v := float32(sum)
		if bias != nil {
			v += bias[o]
		}
		y.Float32s()[i] = v
	}
	return []*tensor.Tensor{y}, nil
}
