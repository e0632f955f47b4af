package real32

import "math"

// The numbers of this file stand in internal/kernel/_asm/functions32.go again; a test holds
// the two together.

// half turns a sum into a whole number in its last bits, without a conversion.
const half = 3 << 22

// ln2 in two parts, the first with so few digits that its multiples are exact.
const ln2High, ln2Low = 0.693359375, -2.12194440e-4

// expTerms are Q of e^r = 1 + r + r*r*Q(r), |r| <= ln2/2, within 4e-9.
var expTerms = [...]float32{
	0.5000000095694697, 0.16666518303908412, 0.04166620416603714, 0.008368953708403383, 0.0013950600301182864,
}

// horner is the value of a polynomial.
func horner(terms []float32, x float32) float32 {
	p := terms[len(terms)-1]
	for i := len(terms) - 2; i >= 0; i-- {
		p = float32(p*x) + terms[i]
	}
	return p
}

// lower is the smaller of x and a limit, upper the larger one; NaN stays.
func lower(limit, x float32) float32 {
	if limit < x {
		return limit
	}
	return x
}

func upper(limit, x float32) float32 {
	if limit > x {
		return limit
	}
	return x
}

// Exp is e^x, within two units in the last place.
//
// x is k*ln2 + r. The power of two is multiplied in two parts, so that results become
// infinite, subnormal and zero where they should.
func Exp(x float32) float32 {
	x = lower(89, upper(-105, x))
	shifted := float32(x*math.Log2E) + half
	n := shifted - half
	r := float32(x-float32(n*ln2High)) - float32(n*ln2Low)
	p := float32(float32(r*r)*horner(expTerms[:], r)) + r
	p += 1
	k := int32(math.Float32bits(shifted)) - int32(math.Float32bits(half))
	first := k >> 1
	return float32(p*power(first)) * power(k-first)
}

// power is 2^k for -127 < k < 128.
func power(k int32) float32 { return math.Float32frombits(uint32(k+127) << 23) }

// Sigmoid is 1 / (1 + e^-x).
func Sigmoid(x float32) float32 { return 1 / (1 + Exp(-x)) }

// SiLU is x * Sigmoid(x).
func SiLU(x float32) float32 { return x / (1 + Exp(-x)) }

// tanhTerms are Q of tanh(x) = x * (1 + z*Q(z)), z = x*x, |x| < tanhSmall, within 1e-8.
var tanhTerms = [...]float32{
	-0.3333327831351307, 0.13331328918664045, -0.053729227047918666, 0.020601999166642224, -0.005660780474363301,
}

// tanhSmall is up to where 1 - 2/(e^2x + 1) would have too few digits.
const tanhSmall = 0.625

// Tanh is the hyperbolic tangent.
func Tanh(x float32) float32 {
	if math.Float32bits(x)&^(1<<31) < math.Float32bits(tanhSmall) {
		z := float32(x * x)
		return float32(x * (1 + float32(z*horner(tanhTerms[:], z))))
	}
	return 1 - 2/(Exp(x+x)+1)
}

// normalTerms are W of the share of a normal distribution beyond a, e^(W(a) - a*a/2),
// for a from 0 to normalEnd; a relative error is below 7e-8 * (1 + a*a/2).
var normalTerms = [...]float32{
	-0.6931471119904948, -0.7978880923040839, 0.1817198566301465, -0.03643090260276177, 0.004933140829603281,
	-9.473361805609608e-05, -0.0001489472497651318, 4.016876966890815e-05, -5.4355858680146775e-06, 3.963876014938285e-07,
	-1.2341030763595077e-08,
}

// normalEnd is where W stays what it is; a*a/2 goes on.
const normalEnd = 6

// GELU is x times the share of a normal distribution below x: what is beyond |x| is
// taken from x, or from zero.
func GELU(x float32) float32 {
	a := math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
	beyond := Exp(horner(normalTerms[:], lower(normalEnd, a)) - float32(float32(a*a)*0.5))
	lost := float32(lower(16, x) * beyond)
	return upper(0, x) - math.Float32frombits(math.Float32bits(lost)&^(1<<31))
}

// GELUTanh is x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
func GELUTanh(x float32) float32 {
	cube := float32(float32(x*x) * x)
	return x / (1 + Exp(float32((float32(cube*0.044715)+x)*(-2*math.Sqrt2/math.SqrtPi))))
}
