package quant

import "math"

// Hardswish is x * min(max(x+3, 0), 6) / 6, each step rounded to float32 in
// that order.
func Hardswish(x float32) float32 { return float32(x*hinge(x)) / 6 }

// Hardsigmoid is min(max(x+3, 0), 6) / 6.
func Hardsigmoid(x float32) float32 { return hinge(x) / 6 }

// hinge is min(max(x+3, 0), 6); NaN stays NaN.
func hinge(x float32) float32 { return min(max(x+3, 0), 6) }

// Sigmoid is 1 / (1 + exp(-x)), with the exponential rounded to float32.
func Sigmoid(x float32) float32 { return 1 / (1 + float32(Exp64(-float64(x)))) }

// Exp is e^x, rounded to float32.
func Exp(x float32) float32 { return float32(Exp64(float64(x))) }

// Exp64 is e^x with the same bits on every machine, which math.Exp does not promise,
// within two units in the last place: x is reduced to k*ln2 + r with |r| <= ln2/2, and
// e^r is its Taylor polynomial. Functions of operators are made of it.
func Exp64(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.8:
		return math.Inf(1)
	case x < -745.2:
		return 0
	}
	// ln2 in two parts, the first with so few digits that its multiples are exact.
	const high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	k := math.RoundToEven(float64(x * (1 / math.Ln2)))
	r := float64(x-float64(k*high)) - float64(k*low)
	sum := 1.0
	for i := 14; i > 0; i-- {
		sum = 1 + float64(float64(r*sum)/float64(i))
	}
	return math.Ldexp(sum, int(k))
}

// SiLU is x * Sigmoid(x).
func SiLU(x float32) float32 { return float32(float64(x) / (1 + Exp64(-float64(x)))) }

// Tanh is the hyperbolic tangent.
func Tanh(x float32) float32 {
	v := float64(x)
	if math.Abs(v) < 1e-4 {
		return float32(v - float64(float64(v*v)*v)/3) // 1 - 2/(e^2x + 1) has no digits left
	}
	return float32(1 - 2/(Exp64(2*v)+1))
}

// GELU is x times the share of a normal distribution below x.
func GELU(x float32) float32 { return float32(float64(x) * normal(float64(x))) }

// GELUTanh is PyTorch's approximation of GELU with approximate="tanh":
// x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
func GELUTanh(x float32) float32 {
	v := float64(x)
	cube := float64(float64(v*v) * v)
	u := float64(math.Sqrt2 / math.SqrtPi * float64(v+float64(0.044715*cube)))
	return float32(v / (1 + Exp64(-2*u)))
}

// LeakyReLU is x, times slope below zero.
func LeakyReLU(x, slope float32) float32 {
	if x < 0 {
		return x * slope
	}
	return x
}

// normal is the share of a normal distribution below x.
func normal(x float64) float64 {
	below := Erfc(math.Abs(x)/math.Sqrt2) / 2
	if x > 0 {
		return 1 - below
	}
	return below
}

// erfcTerms are Q of erfc(x) = exp(-x*x) * t * Q(t), t = 1/(1 + x/2): a polynomial
// through Chebyshev nodes for x from 0 to 10, within 3e-10 of the value.
var erfcTerms = [...]float64{
	0.2820984214794987, 0.2819808993804511, 0.24841326791574372, 0.16350634401983813, 0.15101514988171982,
	-0.2446352883136159, 0.5348725399092876, -1.0434307382696875, 1.0568281242145074, -0.5628417035353946,
	0.13756213421949445, -0.001086421366759197, -0.004282729593031517,
}

// Erfc is the complementary error function of x >= 0, with the same bits on every
// machine.
func Erfc(x float64) float64 {
	t := 1 / (1 + x/2)
	q := 0.0
	for i := len(erfcTerms) - 1; i >= 0; i-- {
		q = float64(q*t) + erfcTerms[i]
	}
	return float64(float64(Exp64(-float64(x*x))*t) * q)
}
