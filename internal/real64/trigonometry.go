package real64

import (
	"math"
	"math/bits"
)

// sinTerms and cosTerms are those of the series of sin(x)/x and cos(x) in powers of x*x.
var (
	sinTerms = [...]float64{1, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 1. / 355687428096000}
	cosTerms = [...]float64{1, -1. / 2, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800, 1. / 479001600, -1. / 87178291200, 1. / 20922789888000}
	// atanTerms are those of the series of atan(x)/x, to an x of about 1/5.
	atanTerms = [...]float64{1, -1. / 3, 1. / 5, -1. / 7, 1. / 9, -1. / 11, 1. / 13, -1. / 15, 1. / 17, -1. / 19, 1. / 21, -1. / 23}
)

// twoOverPi are the first bits of 2/pi behind the point: as many as the largest float32 needs.
var twoOverPi = [...]uint64{0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0}

// fromBit are 64 bits of 2/pi from bit i behind the point on; in front of the point are zeros.
func fromBit(i int) uint64 {
	word := func(i int) uint64 {
		if i < 0 {
			return 0
		}
		return twoOverPi[i]
	}
	s := uint(i & 63)
	return word(i>>6)<<s | word(i>>6+1)>>(64-s)
}

// quarter reduces a finite x >= 0 to the nearest multiple of pi/2, its number modulo 4, and the
// rest: x is m * 2^e, so of 2/pi only the 128 bits count that give more than multiples of 4 and
// less than what the rest rounds off.
func quarter(x float32) (turns uint64, rest float64) {
	if x < math.Pi/4 {
		return 0, float64(x)
	}
	b := math.Float32bits(x)
	m, e := uint64(b&(1<<23-1)|1<<23), int(b>>23)-127-23
	high, low := fromBit(e-2), fromBit(e-2+64)
	carry, low := bits.Mul64(m, low)
	high = high*m + carry
	turns = high >> 62
	high, low = high<<2|low>>62, low<<2
	if int64(high) < 0 {
		turns++
	}
	fraction := float64(float64(int64(high))*0x1p-64) + float64(float64(low)*0x1p-128)
	return turns & 3, float64(fraction * (math.Pi / 2))
}

// sincos are the sine and the cosine of x.
func sincos(x float32) (sin, cos float64) {
	if !(x-x == 0) { // infinite, or NaN
		return math.NaN(), math.NaN()
	}
	turns, r := quarter(float32(math.Abs(float64(x))))
	square := float64(r * r)
	sin, cos = float64(r*horner(sinTerms[:], square)), horner(cosTerms[:], square)
	switch turns {
	case 1:
		sin, cos = cos, -sin
	case 2:
		sin, cos = -sin, -cos
	case 3:
		sin, cos = -cos, sin
	}
	if math.Signbit(float64(x)) {
		sin = -sin
	}
	return sin, cos
}

// Sin is the sine.
func Sin(x float32) float32 {
	s, _ := sincos(x)
	return float32(s)
}

// Cos is the cosine.
func Cos(x float32) float32 {
	_, c := sincos(x)
	return float32(c)
}

// Tan is the tangent.
func Tan(x float32) float32 {
	s, c := sincos(x)
	return float32(s / c)
}

// atan is the inverse of the tangent of x >= 0.
func atan(x float64) float64 {
	if x > 1 {
		return math.Pi/2 - atan(1/x)
	}
	for range 2 { // half of the angle, twice
		x /= 1 + math.Sqrt(1+float64(x*x))
	}
	return 4 * float64(x*horner(atanTerms[:], float64(x*x)))
}

// Atan is the inverse of the tangent.
func Atan(x float32) float32 {
	return float32(math.Copysign(atan(math.Abs(float64(x))), float64(x)))
}

// Asin is the inverse of the sine.
func Asin(x float32) float32 {
	a := math.Abs(float64(x))
	return float32(math.Copysign(atan(a/math.Sqrt(float64((1-a)*(1+a)))), float64(x)))
}

// Acos is the inverse of the cosine.
func Acos(x float32) float32 {
	v := float64(x)
	return float32(2 * atan(math.Sqrt((1-v)/(1+v))))
}

// Turn is the sine and the cosine of k/n of a full turn, in float64; n is positive.
func Turn(k, n int) (sin, cos float64) {
	if k %= n; k < 0 {
		k += n
	}
	quarters, rest := 4*k/n, 4*k%n // of a quarter
	mirrored := 2*rest > n
	if mirrored {
		rest = n - rest
	}
	x := float64(float64(rest) / float64(n) * (math.Pi / 2))
	square := float64(x * x)
	sin, cos = float64(x*horner(sinTerms[:], square)), horner(cosTerms[:], square)
	if mirrored {
		sin, cos = cos, sin
	}
	switch quarters {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}
