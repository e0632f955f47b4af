package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// ConvTranspose2D is torch.nn.functional.conv_transpose2d, then Act: every input pixel adds its
// multiple of the filters to the output, Stride apart. On codes the accumulators are
// requantized as those of Conv2D; weights have one scale, as in PyTorch.
//
// Inputs: x [N, C, H, W], weight [C, O/Groups, KH, KW], optionally bias [O]. Result:
// [N, O, OH, OW], OH = (H-1)*Stride - 2*Padding - Uneven + Dilation*(KH-1) + OutputPadding + 1.
//
// As in ONNX, Output may give OH and OW; then, and with Auto, which gives H*Stride where the
// filters are large enough, the padding follows from the sizes.
type ConvTranspose2D struct {
	Stride        [2]int           `json:"stride"`             // rows and columns of the result between neighbours of the input
	Padding       [2]int           `json:"padding"`            // rows and columns cut off the result on either side
	Uneven        [2]int           `json:"uneven,omitzero"`    // so many more are cut off below and on the right
	Output        [2]int           `json:"output,omitzero"`    // height and width of the result, 0 where the padding decides
	Auto          AutoPad          `json:"auto_pad,omitempty"` // where an odd row is cut off, too
	OutputPadding [2]int           `json:"output_padding"`     // rows below and columns on the right that are added to the result
	Dilation      [2]int           `json:"dilation"`           // distance of the taps; 1 has no gaps
	Groups        int              `json:"groups"`             // a divisor of C and O
	Act           quant.Activation `json:"act,omitempty"`      // clamp of the result
}

// Kind is "conv_transpose2d".
func (ConvTranspose2D) Kind() string { return "conv_transpose2d" }

// Clamp is Act.
func (c ConvTranspose2D) Clamp() quant.Activation { return c.Act }

// WithClamp returns the operator with another Act.
func (c ConvTranspose2D) WithClamp(a quant.Activation) graph.Op {
	c.Act = a
	return c
}

func (ConvTranspose2D) weighted() {}

// OneScale marks it as OneScaled.
func (ConvTranspose2D) OneScale() {}

// Signatures: those of Conv2D.
func (ConvTranspose2D) Signatures() []graph.Signature { return weighted }

// Infer returns [N, O, OH, OW].
func (c ConvTranspose2D) Infer(in []graph.Fact) ([]graph.Type, error) {
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
	if len(w) != 4 || w.Numel() == 0 {
		return nil, fmt.Errorf("weight has shape %v; expected [C, O/groups, KH, KW]", w)
	}
	if x[1] != w[0] || w[0]%c.Groups != 0 {
		return nil, fmt.Errorf("weight %v in %d groups expects %d channels; the input has shape %v", w, c.Groups, w[0], x)
	}
	if err := checkZeroPoints(in[1], w[0]/c.Groups*w[2:].Numel()); err != nil {
		return nil, err
	}
	channels := w[1] * c.Groups
	if err := checkBias(in, channels); err != nil {
		return nil, err
	}
	out := tensor.Shape{x[0], channels, 0, 0}
	fits := c.At(x, w)
	for i := range 2 {
		if out[2+i] = fits.Output[i]; out[2+i] == 0 {
			out[2+i] = c.full(i, x, w) - 2*fits.Padding[i] - fits.Uneven[i]
		}
		if out[2+i] < 1 {
			return nil, fmt.Errorf("input %v and weight %v with padding %v leave no output", x, w, c.Padding)
		}
	}
	return float(out)
}

// full is the extent of the result along an axis before anything is cut off.
func (c ConvTranspose2D) full(axis int, x, w tensor.Shape) int {
	return (x[2+axis]-1)*c.Stride[axis] + c.Dilation[axis]*(w[2+axis]-1) + c.OutputPadding[axis] + 1
}

// At is the operator with the padding that Output or Auto want for images of shape x and
// weights of shape w.
func (c ConvTranspose2D) At(x, w tensor.Shape) ConvTranspose2D {
	for i := range 2 {
		want := c.Output[i]
		if c.Auto != "" && want == 0 {
			want = x[2+i] * c.Stride[i]
		}
		if want > 0 {
			total := max(0, c.full(i, x, w)-want)
			before := total / 2
			if c.Auto != SameUpper {
				before = total - before
			}
			c.Padding[i], c.Uneven[i] = before, total-2*before
		}
	}
	c.Auto = ""
	return c
}

func (c ConvTranspose2D) checkAttributes() error {
	conv := Conv2D{Stride: c.Stride, Padding: c.Padding, Uneven: c.Uneven, Auto: c.Auto, Dilation: c.Dilation, Groups: c.Groups, Act: c.Act}
	if err := conv.checkAttributes(); err != nil {
		return err
	}
	if err := attrRange("output", c.Output, 0); err != nil {
		return err
	}
	return attrRange("output_padding", c.OutputPadding, 0)
}

// Eval accumulates: in float each result is rounded to float32 once, codes follow
// quant.Requant.
func (c ConvTranspose2D) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if in[0].DType() != f32 {
		return c.evalCodes(ctx, in, out[0])
	}
	y := tensor.New(f32, out[0].Shape...)
	for i, v := range c.before(in, out[0].Shape) {
		y.Float32s()[i] = c.Act.Float(v)
	}
	return []*tensor.Tensor{y}, nil
}

func (c ConvTranspose2D) evalCodes(ctx graph.Context, in []*tensor.Tensor, out graph.Type) ([]*tensor.Tensor, error) {
	if !in[1].QParams().IsPerTensor() {
		return nil, fmt.Errorf("weight is quantized per channel; that of a transposed convolution has one scale, as PyTorch's")
	}
	e, err := newEpilogue(ctx, in, out, c.Act, quant.NewRequant, out.Shape[1])
	if err != nil {
		return nil, err
	}
	x, w, sums := centred(in[0]), centred(in[1]), make([]int32, out.Shape.Numel())
	c.each(in[0].Shape(), in[1].Shape(), out.Shape, func(from, weight, to int) { sums[to] += x[from] * w[weight] })
	y, plane := e.result(out), out.Shape[2:].Numel()
	for i, v := range sums {
		y.set(i, v, i/plane%out.Shape[1])
	}
	return []*tensor.Tensor{y.tensor()}, nil
}

// before is the result without Act.
func (c ConvTranspose2D) before(in []*tensor.Tensor, out tensor.Shape) []float32 {
	x, w := float64s(in[0]), float64s(in[1])
	sums := make([]float64, out.Numel())
	c.each(in[0].Shape(), in[1].Shape(), out, func(from, weight, to int) { sums[to] += float64(x[from] * w[weight]) })
	bias, plane := biasOf(in), out[2]*out[3]
	y := make([]float32, len(sums))
	for i, v := range sums {
		if y[i] = float32(v); bias != nil {
			y[i] += bias[i/plane%out[1]]
		}
	}
	return y
}

// each visits the products: the element of x, that of the weight and that of the
// result to which it is added.
func (c ConvTranspose2D) each(xs, ws, out tensor.Shape, visit func(from, weight, to int)) {
	c = c.At(xs, ws)
	perGroup := ws[0] / c.Groups
	for n := range xs[0] {
		for ci := range xs[1] {
			for co := range ws[1] {
				o := ci/perGroup*ws[1] + co
				for cell := range ws[2] * ws[3] {
					ky, kx := cell/ws[3], cell%ws[3]
					for y := range xs[2] {
						oy := y*c.Stride[0] - c.Padding[0] + ky*c.Dilation[0]
						if oy < 0 || oy >= out[2] {
							continue
						}
						for x := range xs[3] {
							ox := x*c.Stride[1] - c.Padding[1] + kx*c.Dilation[1]
							if ox < 0 || ox >= out[3] {
								continue
							}
							visit(((n*xs[1]+ci)*xs[2]+y)*xs[3]+x, (ci*ws[1]+co)*ws[2]*ws[3]+cell, ((n*out[1]+o)*out[2]+oy)*out[3]+ox)
						}
					}
				}
			}
		}
	}
}

// Gradient is that of x, weight and, where there is one, bias.
func (c ConvTranspose2D) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(c, in, up); err != nil {
		return nil, err
	}
	xs, ws, out := in[0].Shape(), in[1].Shape(), up.Shape()
	g := behind(c.Act, c.before(in, out), up)
	x, w := float64s(in[0]), float64s(in[1])
	dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, out[1])
	c.each(xs, ws, out, func(from, weight, to int) {
		dx[from] += float64(g[to] * w[weight])
		dw[weight] += float64(g[to] * x[from])
	})
	for i, v := range g {
		db[i/(out[2]*out[3])%out[1]] += v
	}
	grads := []*tensor.Tensor{rounded(dx, xs), rounded(dw, ws), rounded(db, out[1:2])}
	return grads[:len(in)], nil
}
