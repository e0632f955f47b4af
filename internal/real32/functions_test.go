package real32

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// precise are the functions in float64, and how far results may be from them: as a share
// of the result, plus a number.
var precise = []struct {
	name            string
	f               func(float32) float32
	want            func(x float64) float64
	share, absolute float64
}{
	{"exp", Exp, math.Exp, 1.5e-7, 1e-45},
	{"sigmoid", Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3e-7, 1e-38},
	{"silu", SiLU, func(x float64) float64 { return x / (1 + math.Exp(-x)) }, 3e-7, 1e-36},
	{"tanh", Tanh, math.Tanh, 3e-7, 1e-45},
	{"gelu", GELU, func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }, 3e-7, 3e-8},
	{"gelu_tanh", GELUTanh, func(x float64) float64 {
		return x / (1 + math.Exp(-2*math.Sqrt2/math.SqrtPi*(x+0.044715*x*x*x)))
	}, 3e-7, 1e-7},
}

func TestFunctionsAreClose(t *testing.T) {
	r := testseed.Rand(t)
	for _, p := range precise {
		worst, at := 0.0, float32(0)
		for range 200000 {
			x := float32(r.NormFloat64() * []float64{0.01, 1, 5, 40}[r.IntN(4)])
			want := p.want(float64(x))
			if math.Abs(want) > math.MaxFloat32 {
				continue
			}
			e := math.Abs(float64(p.f(x))-want) / (p.share*math.Abs(want) + p.absolute)
			if !(e <= worst) {
				worst, at = e, x
			}
		}
		t.Logf("%s: %.2f of what is allowed", p.name, worst)
		if !(worst <= 1) {
			t.Errorf("%s(%v) is %v, want %v: %.2f of what is allowed", p.name, at, p.f(at), p.want(float64(at)), worst)
		}
	}
}

func TestSpecialNumbers(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	minusZero := float32(math.Copysign(0, -1))
	for _, c := range []struct {
		name    string
		x, want float32
		f       func(float32) float32
	}{
		{"exp", -inf, 0, Exp}, {"exp", inf, inf, Exp}, {"exp", nan, nan, Exp}, {"exp", 0, 1, Exp}, {"exp", -200, 0, Exp}, {"exp", 100, inf, Exp},
		{"sigmoid", -inf, 0, Sigmoid}, {"sigmoid", inf, 1, Sigmoid}, {"sigmoid", nan, nan, Sigmoid}, {"sigmoid", 0, 0.5, Sigmoid},
		{"silu", -inf, nan, SiLU}, {"silu", inf, inf, SiLU}, {"silu", nan, nan, SiLU}, {"silu", minusZero, minusZero, SiLU},
		{"tanh", -inf, -1, Tanh}, {"tanh", inf, 1, Tanh}, {"tanh", nan, nan, Tanh}, {"tanh", minusZero, minusZero, Tanh}, {"tanh", 1e-30, 1e-30, Tanh},
		{"gelu", -inf, nan, GELU}, {"gelu", inf, inf, GELU}, {"gelu", nan, nan, GELU}, {"gelu", minusZero, minusZero, GELU}, {"gelu", 30, 30, GELU},
		{"gelu_tanh", -inf, nan, GELUTanh}, {"gelu_tanh", inf, inf, GELUTanh}, {"gelu_tanh", nan, nan, GELUTanh}, {"gelu_tanh", minusZero, minusZero, GELUTanh},
	} {
		got := c.f(c.x)
		if math.Float32bits(got) != math.Float32bits(c.want) && (got == got || c.want == c.want) {
			t.Errorf("%s(%v) is %v, want %v", c.name, c.x, got, c.want)
		}
	}
}
