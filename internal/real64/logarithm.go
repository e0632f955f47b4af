package real64

import (
	"math"

	"github.com/octet-ml/octet/quant"
)

// logTerms are 2/(2n+1) of log((1+f)/(1-f)) = f * (2 + 2/3 f^2 + 2/5 f^4 ...).
var logTerms = [...]float64{2, 2. / 3, 2. / 5, 2. / 7, 2. / 9, 2. / 11, 2. / 13, 2. / 15, 2. / 17, 2. / 19, 2. / 21, 2. / 23}

// horner is the value of a polynomial.
func horner(terms []float64, x float64) float64 {
	p := terms[len(terms)-1]
	for i := len(terms) - 2; i >= 0; i-- {
		p = float64(p*x) + terms[i]
	}
	return p
}

// ln is the natural logarithm.
func ln(x float64) float64 {
	switch {
	case x < 0 || x != x:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case x > math.MaxFloat64:
		return x
	}
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = 2*m, k-1
	}
	f := (m - 1) / (m + 1)
	return float64(float64(k)*math.Ln2) + float64(f*horner(logTerms[:], float64(f*f)))
}

// ln1p is log(1+x) for x >= -1, with all digits where x is small.
func ln1p(x float64) float64 {
	u := 1 + x
	if u == 1 || u > math.MaxFloat64 {
		return x
	}
	return ln(u) * (x / (u - 1)) // what x lost in the sum, the quotient gives back
}

// Ln is the natural logarithm, in float64.
func Ln(x float64) float64 { return ln(x) }

// Log is the natural logarithm.
func Log(x float32) float32 { return float32(ln(float64(x))) }

// Log1p is log(1+x), with all digits where x is small.
func Log1p(x float32) float32 {
	if x < -1 {
		return float32(math.NaN())
	}
	return float32(ln1p(float64(x)))
}

// Log2 is the logarithm to the base 2, exact of powers of 2.
func Log2(x float32) float32 {
	m, k := math.Frexp(float64(x))
	if !(x > 0) || x > math.MaxFloat32 {
		return Log(x)
	}
	if m == 0.5 {
		return float32(k - 1)
	}
	return float32(float64(ln(float64(x)) / math.Ln2))
}

// Expm1 is e^x - 1, with all digits where x is small.
func Expm1(x float32) float32 {
	v := float64(x)
	if math.Abs(v) < 0.25 {
		return float32(v * horner(expm1Terms[:], v))
	}
	return float32(quant.Exp64(v) - 1)
}

// expm1Terms are 1/(n+1)!.
var expm1Terms = [...]float64{1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880}

// Softplus is log(1 + e^x), and x itself above 20, as in PyTorch.
func Softplus(x float32) float32 {
	if x > 20 {
		return x
	}
	return float32(softplus(float64(x)))
}

func softplus(x float64) float64 { return ln1p(quant.Exp64(x)) }

// Mish is x * tanh(log(1 + e^x)).
func Mish(x float32) float32 {
	v := float64(x)
	if v < -700 { // where e^x is nothing, also beside infinity
		return 0
	}
	if v > 40 {
		return x
	}
	e := quant.Exp64(v) // tanh(log(1+e)) = (e^2 + 2e) / (e^2 + 2e + 2)
	n := float64(e * (e + 2))
	return float32(v * (n / (n + 2)))
}

// Asinh is the inverse of Sinh.
func Asinh(x float32) float32 {
	a := math.Abs(float64(x))
	if a > math.MaxFloat32 {
		return x
	}
	square := float64(a * a)
	return float32(math.Copysign(ln1p(a+square/(1+math.Sqrt(square+1))), float64(x)))
}

// Acosh is the inverse of Cosh from 1 on.
func Acosh(x float32) float32 {
	t := float64(x) - 1
	if t < 0 {
		return float32(math.NaN())
	}
	return float32(ln1p(t + math.Sqrt(float64(t*(t+2)))))
}

// Atanh is the inverse of tanh.
func Atanh(x float32) float32 {
	a := math.Abs(float64(x))
	if a > 1 {
		return float32(math.NaN())
	}
	return float32(math.Copysign(ln1p(2*a/(1-a))/2, float64(x)))
}

// Sinh is (e^x - e^-x) / 2.
func Sinh(x float32) float32 {
	v := float64(x)
	if math.Abs(v) < 0.5 {
		return float32(v * horner(sinhTerms[:], float64(v*v)))
	}
	return float32((quant.Exp64(v) - quant.Exp64(-v)) / 2)
}

// sinhTerms are 1/(2n+1)!.
var sinhTerms = [...]float64{1, 1. / 6, 1. / 120, 1. / 5040, 1. / 362880, 1. / 39916800}

// Cosh is (e^x + e^-x) / 2.
func Cosh(x float32) float32 {
	v := float64(x)
	return float32((quant.Exp64(v) + quant.Exp64(-v)) / 2)
}

// Pow is x to the power of y, with the values of C's pow at its edges.
func Pow(x, y float32) float32 {
	a, b := float64(x), float64(y)
	whole, odd := math.Trunc(b) == b, math.Abs(b) < 1<<53 && math.Mod(b, 2) != 0
	switch {
	case b == 0 || a == 1:
		return 1
	case a != a || b != b:
		return float32(math.NaN())
	case math.Abs(b) > math.MaxFloat64:
		if a == -1 {
			return 1
		}
		if (math.Abs(a) > 1) == (b > 0) {
			return float32(math.Inf(1))
		}
		return 0
	case a < 0 && !whole && a >= -math.MaxFloat64:
		return float32(math.NaN())
	case b == 0.5 && a > 0:
		return float32(math.Sqrt(a))
	}
	var v float64
	if n := math.Abs(b); whole && n <= 16 {
		v = 1
		for range int(n) {
			v *= a
		}
		if b < 0 {
			v = 1 / v
		}
		return float32(v)
	}
	v = quant.Exp64(float64(b * ln(math.Abs(a))))
	if math.Signbit(a) && whole && odd {
		v = -v
	}
	return float32(v)
}
