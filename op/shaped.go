package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Shaped is a function of one number with two attributes, under a name of the table shaped, in
// whose comments A and B are the attributes.
//
// Input: x, any shape. Result: the shape of x.
type Shaped struct {
	Name string  `json:"name"` // without "torch.": selu, celu
	A    float32 `json:"a"`    // 0 is the number 0; readers of files fill in ONNX's defaults
	B    float32 `json:"b"`
}

// shape is a row of the table: the function, in float64, and its derivative.
type shape struct {
	real, slope func(x, a, b float64) float64
}

var shaped = map[string]shape{
	// max(0, x) + min(0, A * (e^(x/A) - 1))
	"celu": {
		real: func(x, a, _ float64) float64 { return max(0, x) + min(0, float64(a*less(x/a))) },
		slope: func(x, a, _ float64) float64 {
			if x > 0 {
				return 1
			}
			return math.Exp(x / a)
		},
	},
	// A*x + B between 0 and 1; Hardsigmoid is PyTorch's, with 1/6 and 1/2.
	"hard_sigmoid": {
		real: func(x, a, b float64) float64 { return max(0, min(1, float64(a*x)+b)) },
		slope: func(x, a, b float64) float64 {
			if y := a*x + b; y <= 0 || y >= 1 {
				return 0
			}
			return a
		},
	},
	// B * x, and B * A * (e^x - 1) below zero
	"selu": {
		real: func(x, a, b float64) float64 {
			if x > 0 {
				return b * x
			}
			return float64(b*a) * less(x)
		},
		slope: func(x, a, b float64) float64 {
			if x > 0 {
				return b
			}
			return b * a * math.Exp(x)
		},
	},
	// x + B below -A, x - B above A, 0 between
	"shrink": {
		real: func(x, a, b float64) float64 {
			switch {
			case x < -a:
				return x + b
			case x > a:
				return x - b
			}
			return 0
		},
		slope: func(x, a, _ float64) float64 {
			if x < -a || x > a {
				return 1
			}
			return 0
		},
	},
	// x / (1 + e^(-A*x))
	"swish": {
		real: func(x, a, _ float64) float64 { return x / (1 + quant.Exp64(-float64(a*x))) },
		slope: func(x, a, _ float64) float64 {
			s := 1 / (1 + math.Exp(-a*x))
			return s * (1 + a*x*(1-s))
		},
	},
	// x above A, otherwise B
	"threshold": {
		real: func(x, a, b float64) float64 {
			if x <= a {
				return b
			}
			return x
		},
		slope: func(x, a, _ float64) float64 {
			if x <= a {
				return 0
			}
			return 1
		},
	},
}

// less is e^x - 1, with all digits where x is small.
func less(x float64) float64 {
	if math.Abs(x) < 1e-5 {
		return x * (1 + x/2)
	}
	return quant.Exp64(x) - 1
}

// Kind is the name of the function.
func (o Shaped) Kind() string { return o.Name }

// Signatures: float, quint8, qint8; the result has parameters of its own.
func (Shaped) Signatures() []graph.Signature { return each(1, f32, u8, i8) }

// Infer returns the shape of x.
func (o Shaped) Infer(in []graph.Fact) ([]graph.Type, error) {
	if _, ok := shaped[o.Name]; !ok {
		return nil, fmt.Errorf("no function %q with attributes", o.Name)
	}
	return inferSame(in)
}

// Real is the function of the table, rounded once.
func (o Shaped) Real(x float32) float32 {
	return float32(shaped[o.Name].real(float64(x), float64(o.A), float64(o.B)))
}

// Rule is that of quant.NewFunction.
func (o Shaped) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, o.Real).Code
}

// Eval applies the function to each element, or Rule on codes.
func (o Shaped) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalUnary(o, ctx, in[0], out[0])
}

// Gradient multiplies by the derivative.
func (o Shaped) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, func(x float64) float64 { return shaped[o.Name].slope(x, float64(o.A), float64(o.B)) })
}
