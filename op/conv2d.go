package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Conv2D is torch.nn.functional.conv2d, followed by Act.
//
// Inputs: x [N, C, H, W], weight [O, C/Groups, kh, kw], optional bias [O] in
// float32. Result: [N, O, OH, OW], with OH = (H + 2*Padding - Dilation*(kh-1) - 1)/Stride + 1.
type Conv2D struct {
	Stride   [2]int           `json:"stride"`             // rows and columns from one window to the next
	Padding  [2]int           `json:"padding"`            // rows above and below, columns on either side, of zeros
	Uneven   [2]int           `json:"uneven,omitzero"`    // so many more below and on the right
	Auto     AutoPad          `json:"auto_pad,omitempty"` // chooses both by the size of the image
	Dilation [2]int           `json:"dilation"`           // distance of the taps; 1 has no gaps
	Groups   int              `json:"groups"`             // a divisor of C and O; C of a depthwise one
	Act      quant.Activation `json:"act,omitempty"`      // clamp of the result
}

// Kind is "conv2d".
func (Conv2D) Kind() string { return "conv2d" }

// Clamp is Act.
func (c Conv2D) Clamp() quant.Activation { return c.Act }

// WithClamp returns the operator with another Act.
func (c Conv2D) WithClamp(a quant.Activation) graph.Op {
	c.Act = a
	return c
}

func (Conv2D) weighted() {}

// Signatures: float, codes to codes (quint8 or qint8), and codes with qint8 weights to float32.
func (Conv2D) Signatures() []graph.Signature { return weighted }

// Infer returns [N, O, OH, OW].
func (c Conv2D) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 3); err != nil {
		return nil, err
	}
	if err := c.checkAttributes(); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	x, w := in[0].Shape, in[1].Shape
	if len(w) != 4 {
		return nil, fmt.Errorf("weight has shape %v; expected [O, C/groups, kh, kw]", w)
	}
	kernel := [2]int{w[2], w[3]}
	if err := attrRange("kernel size of the weight", kernel, 1); err != nil {
		return nil, err
	}
	if x[1]%c.Groups != 0 || w[0]%c.Groups != 0 || x[1] == 0 || w[0] == 0 {
		return nil, fmt.Errorf("%d groups do not divide %d input and %d output channels", c.Groups, x[1], w[0])
	}
	if w[1] != x[1]/c.Groups {
		return nil, fmt.Errorf("weight %v expects %d input channels in %d groups; the input %v has %d", w, w[1]*c.Groups, c.Groups, x, x[1])
	}
	if err := checkBias(in, w[0]); err != nil {
		return nil, err
	}
	if err := checkZeroPoints(in[1], w[1:].Numel()); err != nil {
		return nil, err
	}
	oh, ow, err := c.Sliding(kernel).positions(x, false)
	if err != nil {
		return nil, err
	}
	return float(tensor.Shape{x[0], w[0], oh, ow})
}

// Sliding is how a kernel of this size moves over images.
func (c Conv2D) Sliding(kernel [2]int) Sliding {
	return Sliding{Kernel: kernel, Stride: c.Stride, Padding: c.Padding, Uneven: c.Uneven, Dilation: c.Dilation, Auto: c.Auto}
}

// at is the operator with its padding resolved for images of shape xs and weights of shape ws.
func (c Conv2D) at(xs, ws tensor.Shape) Conv2D {
	s := c.Sliding([2]int{ws[2], ws[3]}).For(xs)
	c.Padding, c.Uneven, c.Auto = s.Padding, s.Uneven, ""
	return c
}

func (c Conv2D) checkAttributes() error {
	if err := c.Sliding([2]int{}).check(); err != nil {
		return err
	}
	if c.Groups < 1 {
		return fmt.Errorf("groups is %d; it must be at least 1", c.Groups)
	}
	return checkActivation(c.Act)
}

// checkBias checks the optional third input of conv2d and linear.
func checkBias(in []graph.Fact, channels int) error {
	if len(in) < 3 {
		return nil
	}
	if b := in[2].Shape; len(b) != 1 || b[0] != channels {
		return fmt.Errorf("bias has shape %v; expected [%d]", b, channels)
	}
	return nil
}

// Eval convolves: in float each sum is rounded to float32 once, codes follow
// quant.Requant.
func (c Conv2D) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	x, w := in[0], in[1]
	plane := out.Shape[2] * out.Shape[3]
	at := func(n, o int) int { return (n*out.Shape[1] + o) * plane }
	if x.DType() == f32 {
		y := tensor.New(f32, out.Shape...)
		e := epilogue{act: c.Act, bias: biasOf(in)}
		convolve(c, float64s(x), float64s(w), x.Shape(), w.Shape(), out.Shape, func(n, o int, sums []float64) {
			for i, v := range sums {
				y.Float32s()[at(n, o)+i] = e.finish(float32(v), o)
			}
		})
		return []*tensor.Tensor{y}, nil
	}
	e, err := newEpilogue(ctx, in, out, c.Act, quant.NewRequant, w.Dim(0))
	if err != nil {
		return nil, err
	}
	y := e.result(out)
	convolve(c, centred(x), centred(w), x.Shape(), w.Shape(), out.Shape, func(n, o int, sums []int32) {
		for i, v := range sums {
			y.set(at(n, o)+i, v, o)
		}
	})
	return []*tensor.Tensor{y.tensor()}, nil
}
