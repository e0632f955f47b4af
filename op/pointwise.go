package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// evalPointwise applies f in float, and on codes the rule that rule makes.
func evalPointwise(ctx graph.Context, x *tensor.Tensor, out graph.Type, f func(float32) float32, rule func() *quant.Pointwise) ([]*tensor.Tensor, error) {
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		for i, v := range x.Float32s() {
			y.Float32s()[i] = f(v)
		}
		return []*tensor.Tensor{y}, nil
	}
	if err := needIntegerRules(ctx, graph.TypeOf(x), out); err != nil {
		return nil, err
	}
	r, codes := rule(), codesOf(x)
	for i, c := range codes {
		codes[i] = r.Code(c)
	}
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// toUnitInterval are the signatures of functions onto 0 to 1: float, and codes
// whose parameters are known beforehand.
func toUnitInterval() []graph.Signature {
	sigs := each(1, f32, u8, i8)
	for i := range sigs {
		if sigs[i].Out != f32 {
			sigs[i].FixedQ = quant.UnitInterval(sigs[i].Out)
		}
	}
	return sigs
}
