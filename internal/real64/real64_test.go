package real64

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// notNearest is how many of some 10,000 draws may fall so near the middle of two float32 numbers
// that the last digits of float64 decide: two million draws of each function found none.
const notNearest = 2

// Every function is within one float32 of what package math gives, rounded, on numbers of all
// magnitudes, and equal at the edges.
func TestFunctionsAreTheRoundedOnes(t *testing.T) {
	r := testseed.Rand(t)
	edges := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, 20, 21, -88, 88, 89, -104, 1e-45, -1e-45, 1e-20, math.MaxFloat32, -math.MaxFloat32,
		float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0.99999994, -0.99999994, 1.0000001, math.Pi / 2, math.Pi, 1e9}
	functions := map[string]struct {
		got  func(float32) float32
		want func(float64) float64
	}{
		"log": {Log, math.Log}, "sin": {Sin, math.Sin}, "cos": {Cos, math.Cos}, "tan": {Tan, math.Tan}, "asin": {Asin, math.Asin}, "acos": {Acos, math.Acos},
		"atan": {Atan, math.Atan}, "sinh": {Sinh, math.Sinh}, "cosh": {Cosh, math.Cosh}, "asinh": {Asinh, math.Asinh}, "acosh": {Acosh, math.Acosh},
		"atanh": {Atanh, math.Atanh}, "erf": {Erf, math.Erf}, "log1p": {Log1p, math.Log1p}, "log2": {Log2, math.Log2}, "expm1": {Expm1, math.Expm1},
		"softplus": {Softplus, func(x float64) float64 {
			if x > 20 {
				return x
			}
			return math.Log1p(math.Exp(x))
		}},
		"mish": {Mish, func(x float64) float64 {
			if x < -700 {
				return 0
			}
			return x * math.Tanh(math.Log1p(math.Exp(x)))
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(functions)) { // in one order, so that a seed brings its draws back
		f, different := functions[name], 0
		for i := range 20000 {
			x := float32(math.Exp(r.NormFloat64()*8)) * float32(1-2*r.IntN(2))
			if i%2 == 0 {
				x = float32(r.NormFloat64() * 2)
			}
			if i < len(edges) {
				x = edges[i]
			}
			got, want := f.got(x), float32(f.want(float64(x)))
			if got == want && math.Signbit(float64(got)) == math.Signbit(float64(want)) || got != got && want != want {
				continue
			}
			different++
			if off := int64(math.Float32bits(got)) - int64(math.Float32bits(want)); off < -1 || off > 1 {
				t.Errorf("%s(%g) = %g, want %g", name, x, got, want)
			}
		}
		if different > notNearest {
			t.Errorf("%s: %d of 20000 numbers are not the nearest", name, different)
		}
	}
}

func TestPow(t *testing.T) {
	r := testseed.Rand(t)
	edges := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2, -2, 3, -3, 0.5, -0.5, 16, 17, -17, 1e10, 1e30, -1e30, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	different := 0
	check := func(x, y float32) {
		got, want := Pow(x, y), float32(math.Pow(float64(x), float64(y)))
		if got == want && math.Signbit(float64(got)) == math.Signbit(float64(want)) || got != got && want != want {
			return
		}
		different++
		if off := int64(math.Float32bits(got)) - int64(math.Float32bits(want)); off < -1 || off > 1 {
			t.Errorf("pow(%g, %g) = %g, want %g", x, y, got, want)
		}
	}
	for _, x := range edges {
		for _, y := range edges {
			check(x, y)
		}
	}
	for range 20000 {
		check(float32(math.Exp(r.NormFloat64()*3)), float32(r.NormFloat64()*6))
		check(float32(r.NormFloat64()*4), float32(r.IntN(40)-20))
	}
	if different > notNearest {
		t.Errorf("%d of 40000 powers are not the nearest", different)
	}
}

// turnBound: package math is given an angle that is rounded itself, of up to two turns.
const turnBound = 4e-15

// Parts of a turn are exact where sine and cosine are, and else as package math has them.
func TestTurn(t *testing.T) {
	for n := 1; n < 200; n++ {
		for k := -n; k <= 2*n; k++ {
			sin, cos := Turn(k, n)
			at := 2 * math.Pi * float64(k) / float64(n)
			if math.Abs(sin-math.Sin(at)) > turnBound || math.Abs(cos-math.Cos(at)) > turnBound {
				t.Fatalf("%d/%d of a turn: %v, %v; want %v, %v", k, n, sin, cos, math.Sin(at), math.Cos(at))
			}
		}
	}
	if sin, cos := Turn(5, 4); sin != 1 || cos != 0 {
		t.Errorf("a quarter: %v, %v", sin, cos)
	}
}
