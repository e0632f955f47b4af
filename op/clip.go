package op

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Clip is torch.clamp: each element between Lo and Hi; NaN stays. Where Lo exceeds Hi, all are
// Hi. ReLU and ReLU6 are Clamp, which is fused into layers.
//
// Input: x, any shape. Result: the shape of x.
type Clip struct {
	Lo *float64 `json:"lo,omitempty"` // nil for no bound
	Hi *float64 `json:"hi,omitempty"` // nil for no bound
}

// Kind is "clamp".
func (Clip) Kind() string { return "clamp" }

// Signatures: float and int64.
func (Clip) Signatures() []graph.Signature { return each(1, f32, i64) }

// Infer returns the shape of x.
func (Clip) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// Real clamps a number.
func (o Clip) Real(x float32) float32 {
	if o.Lo != nil && x < float32(*o.Lo) {
		x = float32(*o.Lo)
	}
	if o.Hi != nil && x > float32(*o.Hi) {
		x = float32(*o.Hi)
	}
	return x
}

// Rule is that of quant.NewFunction.
func (o Clip) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Whole clamps an int64; a fractional bound is rounded inwards.
func (o Clip) Whole(x int64) int64 {
	if o.Lo != nil {
		x = max(x, wholeBound(math.Ceil(*o.Lo)))
	}
	if o.Hi != nil {
		x = min(x, wholeBound(math.Floor(*o.Hi)))
	}
	return x
}

// wholeBound converts a bound to int64, saturating.
func wholeBound(v float64) int64 {
	switch {
	case v >= math.MaxInt64:
		return math.MaxInt64
	case v <= math.MinInt64:
		return math.MinInt64
	}
	return int64(v)
}

// Eval clamps each element.
func (o Clip) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y := tensor.New(out[0].DType, out[0].Shape...)
	if out[0].DType == i64 {
		for i, v := range in[0].Int64s() {
			y.Int64s()[i] = o.Whole(v)
		}
		return []*tensor.Tensor{y}, nil
	}
	for i, v := range in[0].Float32s() {
		y.Float32s()[i] = o.Real(v)
	}
	return []*tensor.Tensor{y}, nil
}

// Gradient is up where x is not beyond a bound, else 0.
func (o Clip) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 {
		if o.Lo != nil && x < *o.Lo || o.Hi != nil && x > *o.Hi {
			return 0
		}
		return 1
	})
}
