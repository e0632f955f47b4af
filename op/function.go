package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/real64"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Function is a function of one number without attributes, under its name in package torch: a
// row of the table functions.
//
// Input: x, any shape. Result: the shape of x.
type Function struct {
	Name string `json:"name"` // without "torch.": exp, sqrt
}

// function is a row of the table.
type function struct {
	real  func(float32) float32
	slope func(float64) float64 // its derivative
	whole func(int64) int64     // of whole numbers, nil for functions that do not take int64
	codes bool                  // whether it has a form on codes
	steps bool                  // piecewise constant: its gradient is 0
}

// functions are in alphabetical order. At points without a derivative the slope is PyTorch's.
var functions = map[string]function{
	"abs":        {real: func(x float32) float32 { return float32(math.Abs(float64(x))) }, slope: signOf, whole: func(x int64) int64 { return max(x, -x) }, codes: true},
	"acos":       {real: real64.Acos, slope: func(x float64) float64 { return -1 / math.Sqrt(1-x*x) }},
	"acosh":      {real: real64.Acosh, slope: func(x float64) float64 { return 1 / math.Sqrt(x*x-1) }},
	"asin":       {real: real64.Asin, slope: func(x float64) float64 { return 1 / math.Sqrt(1-x*x) }},
	"asinh":      {real: real64.Asinh, slope: func(x float64) float64 { return 1 / math.Sqrt(x*x+1) }},
	"atan":       {real: real64.Atan, slope: func(x float64) float64 { return 1 / (1 + x*x) }},
	"atanh":      {real: real64.Atanh, slope: func(x float64) float64 { return 1 / (1 - x*x) }},
	"ceil":       {real: func(x float32) float32 { return float32(math.Ceil(float64(x))) }, slope: flat, steps: true},
	"cos":        {real: real64.Cos, slope: func(x float64) float64 { return -math.Sin(x) }},
	"cosh":       {real: real64.Cosh, slope: math.Sinh},
	"erf":        {real: real64.Erf, slope: func(x float64) float64 { return 2 / math.SqrtPi * math.Exp(-x*x) }},
	"exp":        {real: quant.Exp, slope: math.Exp},
	"expm1":      {real: real64.Expm1, slope: math.Exp},
	"floor":      {real: func(x float32) float32 { return float32(math.Floor(float64(x))) }, slope: flat, steps: true},
	"log":        {real: real64.Log, slope: func(x float64) float64 { return 1 / x }},
	"log1p":      {real: real64.Log1p, slope: func(x float64) float64 { return 1 / (1 + x) }},
	"log2":       {real: real64.Log2, slope: func(x float64) float64 { return 1 / (x * math.Ln2) }},
	"mish":       {real: real64.Mish, slope: mishSlope, codes: true},
	"neg":        {real: func(x float32) float32 { return -x }, slope: func(float64) float64 { return -1 }, whole: func(x int64) int64 { return -x }, codes: true},
	"reciprocal": {real: func(x float32) float32 { return 1 / x }, slope: func(x float64) float64 { return -1 / (x * x) }},
	"round":      {real: quant.RoundEven, slope: flat, steps: true},
	"sign":       {real: func(x float32) float32 { return float32(signOf(float64(x))) }, slope: flat, steps: true, whole: func(x int64) int64 { return max(-1, min(x, 1)) }},
	"sin":        {real: real64.Sin, slope: math.Cos},
	"sinh":       {real: real64.Sinh, slope: math.Cosh},
	"softplus":   {real: real64.Softplus, slope: softplusSlope, codes: true},
	"softsign": {real: func(x float32) float32 { return x / (1 + float32(math.Abs(float64(x)))) }, slope: func(x float64) float64 {
		return 1 / ((1 + math.Abs(x)) * (1 + math.Abs(x)))
	}, codes: true},
	"sqrt":  {real: func(x float32) float32 { return float32(math.Sqrt(float64(x))) }, slope: func(x float64) float64 { return 1 / (2 * math.Sqrt(x)) }},
	"tan":   {real: real64.Tan, slope: func(x float64) float64 { return 1 + math.Tan(x)*math.Tan(x) }},
	"trunc": {real: func(x float32) float32 { return float32(math.Trunc(float64(x))) }, slope: flat, steps: true},
}

func flat(float64) float64 { return 0 }

// signOf is -1, 0 or 1, and 0 of NaN, as in PyTorch.
func signOf(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func softplusSlope(x float64) float64 {
	if x > 20 {
		return 1
	}
	return 1 / (1 + math.Exp(-x))
}

func mishSlope(x float64) float64 {
	t := math.Tanh(math.Log1p(math.Exp(x)))
	return t + x*(1-t*t)/(1+math.Exp(-x))
}

// Kind is the name of the function.
func (o Function) Kind() string { return o.Name }

// Signatures: float; whole numbers and codes, whose result has parameters of its own, where
// the table says so.
func (o Function) Signatures() []graph.Signature {
	f, types := functions[o.Name], []tensor.DType{f32}
	if f.whole != nil {
		types = append(types, i64)
	}
	if f.codes {
		types = append(types, u8, i8)
	}
	return each(1, types...)
}

// Infer returns the shape of x.
func (o Function) Infer(in []graph.Fact) ([]graph.Type, error) {
	if _, ok := functions[o.Name]; !ok {
		return nil, fmt.Errorf("no function %q of one number", o.Name)
	}
	return inferSame(in)
}

// Steps reports whether the function is piecewise constant, so that no gradient passes through
// it.
func (o Function) Steps() bool { return functions[o.Name].steps }

// Scalar returns Real, so that a loop looks it up once.
func (o Function) Scalar() func(float32) float32 { return functions[o.Name].real }

// Real is the function of the table.
func (o Function) Real(x float32) float32 { return functions[o.Name].real(x) }

// Rule is that of quant.NewFunction.
func (o Function) Rule(n quant.Numerics, in, out *tensor.QParams, d tensor.DType) func(int32) int32 {
	return quant.NewFunction(n, in, out, d, functions[o.Name].real).Code
}

// Eval applies the function to each element, or Rule on codes.
func (o Function) Eval(ctx graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if out[0].DType != i64 {
		return evalUnary(o, ctx, in[0], out[0])
	}
	y, f := tensor.New(i64, out[0].Shape...), functions[o.Name].whole
	for i, v := range in[0].Int64s() {
		y.Int64s()[i] = f(v)
	}
	return []*tensor.Tensor{y}, nil
}

// Gradient multiplies by the derivative.
func (o Function) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return pointwiseGradient(o, in, up, functions[o.Name].slope)
}
