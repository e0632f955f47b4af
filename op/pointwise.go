package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// evalUnary applies o to each element.
func evalUnary(o Unary, ctx graph.Context, x *tensor.Tensor, out graph.Type) ([]*tensor.Tensor, error) {
	if out.DType == f32 {
		y := tensor.New(f32, out.Shape...)
		for i, v := range x.Float32s() {
			y.Float32s()[i] = o.Real(v)
		}
		return []*tensor.Tensor{y}, nil
	}
	if err := needIntegerRules(ctx, graph.TypeOf(x), out); err != nil {
		return nil, err
	}
	rule, codes := o.Rule(ctx.Numerics, x.QParams(), out.Q, out.DType), codesOf(x)
	for i, c := range codes {
		codes[i] = rule(c)
	}
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// toUnitInterval are the signatures of functions with results in 0 to 1: float, and codes with
// fixed parameters.
func toUnitInterval() []graph.Signature {
	sigs := each(1, f32, u8, i8)
	for i := range sigs {
		if sigs[i].Out != f32 {
			sigs[i].FixedQ = quant.UnitInterval(sigs[i].Out)
		}
	}
	return sigs
}
