package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Clamp applies Act, which must be ReLU or ReLU6, to each element. On codes it
// keeps scale and zero point and clamps at the code of each bound.
//
// Input: x, any shape. Result: the shape of x.
type Clamp struct {
	Act quant.Activation `json:"act"` // the limits
}

// Kind is "relu" or "relu6".
func (c Clamp) Kind() string { return c.Act.String() }

// Signatures: float, and codes that keep their parameters.
func (Clamp) Signatures() []graph.Signature { return keeping(each(1, f32, u8, i8)) }

// Infer returns the shape of x.
func (c Clamp) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if c.Act != quant.ReLU && c.Act != quant.ReLU6 {
		return nil, fmt.Errorf("a clamp must be relu or relu6, not %q", c.Act)
	}
	return like(in[0], in[0].Shape.Clone())
}

// Real clamps a number.
func (c Clamp) Real(x float32) float32 { return c.Act.Float(x) }

// Rule clamps at the codes of the bounds.
func (c Clamp) Rule(_ quant.Numerics, _, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	lo, hi := c.Act.Bounds(quant.NewQuantizer(out, d))
	return func(code int32) int32 { return max(lo, min(code, hi)) }
}

// Eval clamps each element.
func (c Clamp) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	x := in[0]
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		activate(y.Float32s(), x.Float32s(), c.Act)
		return []*tensor.Tensor{y}, nil
	}
	if err := needPerTensor(out); err != nil {
		return nil, err
	}
	rule, codes := c.Rule(0, nil, out.Q, out.DType), codesOf(x)
	for i, v := range codes {
		codes[i] = rule(v)
	}
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// activate writes act(src) to dst, which may be src.
func activate(dst, src []float32, act quant.Activation) {
	for i, v := range src {
		dst[i] = act.Float(v)
	}
}

// Gradient passes where x is strictly inside the bounds, as in PyTorch.
func (c Clamp) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(c, in, up, func(x float64) float64 { return through(c.Act, float32(x)) })
}
