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
func Sigmoid(x float32) float32 { return 1 / (1 + float32(exp(-float64(x)))) }

// exp is e^x with the same bits on every machine, which math.Exp does not
// promise, within two units in the last place: x is reduced to k*ln2 + r with
// |r| <= ln2/2, and e^r is its Taylor polynomial.
func exp(x float64) float64 {
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
