package op

import (
	"cmp"
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/real64"
	"github.com/octet-ml/octet/tensor"
)

// Pairwise is a function of two numbers, which broadcast as NumPy's do, under its name in
// package torch: a row of the table pairwise. Functions with a clamp or a rule on codes (Add,
// Mul, Sub, Div) are operators of their own.
//
// Inputs: a, b of one type. Result: the shape that both broadcast to.
type Pairwise struct {
	Name string `json:"name"` // without "torch.": maximum, pow
}

var pairwise = map[string]PairFunctions{
	"fmod": {
		Real:  func(a, b float32) float32 { return float32(math.Mod(float64(a), float64(b))) },
		Slope: func(a, b float64) (float64, float64) { return 1, -math.Trunc(a / b) },
		Whole: func(a, b int64) (int64, error) { return divided(a, b, func() int64 { return a % b }) },
	},
	"maximum": {
		Real:  func(a, b float32) float32 { return max(a, b) },
		Slope: func(a, b float64) (float64, float64) { return chosen(cmp.Compare(a, b)) },
		Whole: func(a, b int64) (int64, error) { return max(a, b), nil },
	},
	"minimum": {
		Real:  func(a, b float32) float32 { return min(a, b) },
		Slope: func(a, b float64) (float64, float64) { return chosen(cmp.Compare(b, a)) },
		Whole: func(a, b int64) (int64, error) { return min(a, b), nil },
	},
	"pow": {Real: real64.Pow, Slope: powSlope, Whole: power},
	"prelu": {
		Real: func(x, slope float32) float32 {
			if x < 0 {
				return x * slope
			}
			return x
		},
		Slope: func(x, slope float64) (float64, float64) {
			if x < 0 {
				return slope, x
			}
			return 1, 0
		},
	},
	"remainder": {
		Real:  remainder,
		Slope: func(a, b float64) (float64, float64) { return 1, -math.Floor(a / b) },
		Whole: func(a, b int64) (int64, error) {
			return divided(a, b, func() int64 {
				r := a % b
				if r != 0 && (r < 0) != (b < 0) {
					r += b
				}
				return r
			})
		},
	},
}

// chosen gives the derivatives of a maximum or minimum: 1 for the operand that was taken, which
// is the first if first is positive; equal operands get a half each, as in PyTorch.
func chosen(first int) (da, db float64) { return float64(1+first) / 2, float64(1-first) / 2 }

// divided refuses division by 0.
func divided(a, b int64, f func() int64) (int64, error) {
	if b == 0 {
		return 0, fmt.Errorf("%d is divided by 0", a)
	}
	return f(), nil
}

// remainder has the sign of b.
func remainder(a, b float32) float32 {
	r := math.Mod(float64(a), float64(b))
	if r != 0 && (r < 0) != (b < 0) {
		r += float64(b)
	}
	return float32(r)
}

// power is an integer power of an integer; fractions are truncated to 0.
func power(a, n int64) (int64, error) {
	switch {
	case n < 0 && a == 0:
		return 0, fmt.Errorf("0 to the power of %d", n)
	case n < 0 && a != 1 && a != -1:
		return 0, nil
	}
	p := int64(1)
	for bits := uint64(max(n, -n)); bits > 0; bits >>= 1 {
		if bits&1 == 1 {
			p *= a
		}
		a *= a
	}
	return p, nil
}

func powSlope(a, b float64) (da, db float64) {
	if b != 0 {
		da = b * math.Pow(a, b-1)
	}
	if a != 0 || b < 0 {
		db = math.Pow(a, b) * math.Log(a)
	}
	return da, db
}

// Kind is the name of the function.
func (o Pairwise) Kind() string { return o.Name }

// Functions is the row of the table.
func (o Pairwise) Functions() PairFunctions { return pairwise[o.Name] }

// Signatures: float, and int64.
func (o Pairwise) Signatures() []graph.Signature { return o.Functions().signatures() }

// Infer returns the shape that both broadcast to.
func (o Pairwise) Infer(in []graph.Fact) ([]graph.Type, error) { return inferPaired(o, in) }

// Eval applies the function to each pair.
func (o Pairwise) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return evalPaired(o, in, out[0])
}

// Gradient is that of both operands.
func (o Pairwise) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	return pairGradient(in, float64s(up), up.Shape(), o.Functions().Slope), nil
}
