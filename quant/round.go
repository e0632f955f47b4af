package quant

import "math"

// ToInt32 rounds x to the nearest integer, ties to even. NaN and values that
// int32 cannot hold give -2^31, as the x86 instruction CVTPS2DQ does.
func ToInt32(x float32) int32 {
	if !(x >= -0x1p31 && x < 0x1p31) {
		return math.MinInt32
	}
	return int32(math.RoundToEven(float64(x)))
}

// lowInt32 rounds x to the nearest integer and keeps its low 32 bits; 0 for NaN
// and what int64 cannot hold. It is C's int(lrintf(x)) where long has 64 bits.
func lowInt32(x float32) int32 {
	if !(x >= -0x1p63 && x < 0x1p63) {
		return 0
	}
	return int32(int64(math.RoundToEven(float64(x))))
}

// RoundEven rounds x to the nearest integral float32, ties to even. Infinities
// and NaN stay what they are.
func RoundEven(x float32) float32 { return float32(math.RoundToEven(float64(x))) }

// FMA32 returns a*b + c rounded once to float32, on every machine.
func FMA32(a, b, c float32) float32 {
	// The product of two float32 is exact in float64. Their sum with c is not;
	// rounding it twice could miss the nearest float32, so the float64 sum is
	// first rounded to odd, which makes the second rounding right.
	p := float64(float64(a) * float64(b))
	z := float64(c)
	s := p + z
	t := s - p
	err := (p - (s - t)) + (z - t)
	if err != 0 && !math.IsInf(s, 0) && !math.IsNaN(s) {
		if b := math.Float64bits(s); b&1 == 0 {
			if (err > 0) == (s > 0) {
				b++
			} else {
				b--
			}
			s = math.Float64frombits(b)
		}
	}
	return float32(s)
}

// clamp limits v to lo..hi.
func clamp(v, lo, hi int32) int32 {
	return max(lo, min(v, hi))
}

// sat16 limits v to the range of int16, as the packing instructions between
// int32 and int8 do.
func sat16(v int32) int32 { return clamp(v, math.MinInt16, math.MaxInt16) }
