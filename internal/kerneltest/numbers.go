package kerneltest

import (
	"math"
	"math/rand/v2"
	"slices"
)

// NaN marks what must not be read.
var NaN = float32(math.NaN())

// Normal draws n numbers of a normal distribution, at any alignment of float32,
// between NaN.
func Normal(r *rand.Rand, n int) []float32 {
	x := NewZone(n, r.IntN(8), NaN).Inner
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// Same reports whether two runs of numbers are the same bits, where any NaN is the
// same as any other: zeros keep their sign, but the payload of a NaN is free.
func Same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
	})
}
