package tensor

import (
	"math"
	"sync"
)

// smallFloat is a format of a float of at most 8 bits: sign, exponent, mantissa.
type smallFloat struct {
	exponent, mantissa int // bits
	bias               int
	infinite           bool // the largest exponent is infinity and NaN, as IEEE 754 has them
	nan                int  // the code of NaN, -1 where there is none
	zero               bool // there is one zero alone
}

// smallFloats are by element type: those that are none have no exponent.
var smallFloats = [numDTypes]smallFloat{
	Float8E4M3:     {exponent: 4, mantissa: 3, bias: 7, nan: 0x7f},
	Float8E4M3FNUZ: {exponent: 4, mantissa: 3, bias: 8, nan: 0x80, zero: true},
	Float8E5M2:     {exponent: 5, mantissa: 2, bias: 15, nan: 0x7e, infinite: true},
	Float8E5M2FNUZ: {exponent: 5, mantissa: 2, bias: 16, nan: 0x80, zero: true},
	Float4E2M1:     {exponent: 2, mantissa: 1, bias: 1, nan: -1},
}

// IsSmallFloat reports whether d is a float of at most 8 bits.
func (d DType) IsSmallFloat() bool {
	return d == Float8E8M0 || d < numDTypes && smallFloats[d].exponent > 0
}

// SmallToFloat32 is the number of a code of a small float; exact.
func SmallToFloat32(d DType, code uint8) float32 { return smallNumbers()[d][code] }

// smallNumbers are the numbers of all codes, by element type: to compute one costs more than to
// look it up.
var smallNumbers = sync.OnceValue(func() *[numDTypes][256]float32 {
	var numbers [numDTypes][256]float32
	for d := range numDTypes {
		for code := range 256 {
			if d.IsSmallFloat() {
				numbers[d][code] = smallNumber(d, uint8(code))
			}
		}
	}
	return &numbers
})

// smallNumber computes the number of a code.
func smallNumber(d DType, code uint8) float32 {
	if d == Float8E8M0 {
		if code == 255 {
			return float32(math.NaN())
		}
		return float32(math.Ldexp(1, int(code)-127))
	}
	f := smallFloats[d]
	bits := int(code) & (1<<(1+f.exponent+f.mantissa) - 1)
	sign, magnitude := bits>>(f.exponent+f.mantissa), bits&(1<<(f.exponent+f.mantissa)-1)
	e, m := magnitude>>f.mantissa, magnitude&(1<<f.mantissa-1)
	v := float64(m)
	switch {
	case bits == f.nan || f.nan == 0x7f && magnitude == f.nan || f.infinite && e == 1<<f.exponent-1 && m > 0:
		return float32(math.NaN())
	case f.infinite && e == 1<<f.exponent-1:
		v = math.Inf(1)
	case e == 0:
		v = math.Ldexp(v, 1-f.bias-f.mantissa)
	default:
		v = math.Ldexp(v+float64(int(1)<<f.mantissa), e-f.bias-f.mantissa)
	}
	if sign == 1 {
		v = -v
	}
	return float32(v)
}

// largest is the largest number of a format.
func (f smallFloat) largest() float64 {
	steps := float64(int(2)<<f.mantissa - 1) // of the largest exponent
	e := 1<<f.exponent - 1 - f.bias
	switch {
	case f.infinite:
		e--
	case f.nan == 0x7f:
		steps--
	}
	return math.Ldexp(steps, e-f.mantissa)
}

// Float32ToSmall is the code of the number of a small float that is nearest to x, of two equally
// near ones the even one. What is too large becomes the largest number, or, unless saturated,
// infinity or NaN where there is one. Of powers of two without a sign, float8_e8m0fnu, it is the
// one that is not smaller.
func Float32ToSmall(d DType, x float32, saturated bool) uint8 {
	if d == Float8E8M0 {
		return powerAbove(x, saturated)
	}
	f := smallFloats[d]
	signAt := f.exponent + f.mantissa
	var sign uint8
	if math.Signbit(float64(x)) {
		sign = 1 << signAt
	}
	a := math.Abs(float64(x))
	if a != a {
		if f.nan == 0x80 {
			return 0x80
		}
		if f.nan < 0 {
			return sign // a format without NaN has nothing nearer
		}
		return sign | uint8(f.nan)
	}
	_, e := math.Frexp(a)
	e = max(e-1, 1-f.bias)
	if step := math.Ldexp(1, e-f.mantissa); a < math.MaxFloat32 {
		a = math.RoundToEven(a/step) * step
	}
	if largest := f.largest(); a > largest {
		switch {
		case saturated || f.nan < 0:
			a = largest
		case f.infinite:
			return sign | uint8((1<<f.exponent-1)<<f.mantissa)
		case f.nan == 0x80:
			return 0x80
		default:
			return sign | uint8(f.nan)
		}
	}
	code := uint8(math.Ldexp(a, f.mantissa+f.bias-1)) // of an exponent field of 0
	if m, e := math.Frexp(a); e-1 >= 1-f.bias && a > 0 {
		code = uint8((e-1+f.bias)<<f.mantissa + int(math.Ldexp(m, f.mantissa+1)) - 1<<f.mantissa)
	}
	if code == 0 && f.zero {
		return 0
	}
	return sign | code
}

// powerAbove is the code of the power of two that is not below x.
func powerAbove(x float32, saturated bool) uint8 {
	const largest, nan = 254, 255
	switch a := float64(x); {
	case a != a || a < 0:
		return nan
	case a == 0:
		if saturated {
			return 0
		}
		return nan
	case a > 0x1p127:
		if saturated {
			return largest
		}
		return nan
	default:
		m, e := math.Frexp(a)
		if m == 0.5 {
			e--
		}
		return uint8(max(0, e+127))
	}
}
