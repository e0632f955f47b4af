package quant

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

func TestExpIsMathExp(t *testing.T) {
	const (
		ulps      = 1e-15  // four units in the last place: two of each
		denormals = 1e-323 // two of the smallest number
	)
	r := testseed.Rand(t)
	for range 20000 {
		x := r.Float64()*1460 - 745
		if r.IntN(2) == 0 {
			x = r.NormFloat64() * 5
		}
		got, want := Exp64(x), math.Exp(x)
		if math.Abs(got-want) > ulps*want+denormals && !(want == got) {
			t.Fatalf("Exp64(%v) = %v, want %v", x, got, want)
		}
	}
	for _, x := range []float64{0, math.Inf(1), math.Inf(-1), 1e300, -1e300} {
		if got, want := Exp64(x), math.Exp(x); got != want {
			t.Errorf("Exp64(%v) = %v, want %v", x, got, want)
		}
	}
	if v := Exp64(math.NaN()); v == v {
		t.Errorf("Exp64(NaN) = %v", v)
	}
}

func TestActivationsKeepNaNAndSaturate(t *testing.T) {
	nan := float32(math.NaN())
	for name, f := range map[string]func(float32) float32{"hardswish": Hardswish, "hardsigmoid": Hardsigmoid, "sigmoid": Sigmoid} {
		if v := f(nan); v == v {
			t.Errorf("%s(NaN) = %v", name, v)
		}
		if v := f(-200); v != 0 {
			t.Errorf("%s(-200) = %v", name, v)
		}
	}
	if Hardswish(200) != 200 || Hardsigmoid(200) != 1 || Sigmoid(200) != 1 || Sigmoid(0) != 0.5 {
		t.Error("a function has the wrong value far out or at zero")
	}
}
