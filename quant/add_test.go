package quant

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

// The constants handed to kernels say the same as Code.
func TestAddConstants(t *testing.T) {
	r := testseed.Rand(t)
	fixed := 0
	for i := range 400 {
		params := func() *tensor.QParams {
			return tensor.Affine(math.Exp((r.Float64()-0.5)*[]float64{4, 40}[i%2]), int64(r.IntN(256)))
		}
		n := []Numerics{FBGEMM, QNNPACK, OneDNN}[r.IntN(3)]
		p := NewAdd(n, params(), params(), params(), tensor.QUInt8, Activation(r.IntN(3)))
		float, isFloat := p.Float()
		c, isFixed := p.Fixed()
		if isFloat == (n == QNNPACK) || isFixed && isFloat {
			t.Fatalf("%v: float %v, fixed %v", n, isFloat, isFixed)
		}
		for range 100 {
			a, b := int32(r.IntN(256)), int32(r.IntN(256))
			want := p.Code(a, b)
			switch {
			case isFloat:
				v := FMA32(float.ScaleA, float32(a), float.OffsetA) + FMA32(float.ScaleB, float32(b), float.OffsetB)
				if got := float.Q.Code(v); got != want {
					t.Fatalf("%d and %d give %d, want %d", a, b, got, want)
				}
			case isFixed:
				fixed++
				sum := int64(c.MultA)*int64(a) + int64(c.MultB)*int64(b) + int64(c.Bias)
				if sum != int64(int32(sum)) {
					t.Fatalf("%+v: the sum of %d and %d leaves int32", c, a, b)
				}
				v := int32(math.Round(math.Ldexp(float64(sum), -int(c.Shift))))
				if got := clamp(v+c.Zero, c.Lo, c.Hi); got != want {
					t.Fatalf("%+v: %d and %d give %d, want %d", c, a, b, got, want)
				}
			}
		}
	}
	if fixed == 0 {
		t.Error("no rule fitted int32")
	}
}

// Scales out of all proportion saturate, on every machine alike.
func TestAddOfAbsurdScales(t *testing.T) {
	tiny, huge := tensor.Affine(1e-44, 10), tensor.Affine(3e38, 10)
	p := NewAdd(QNNPACK, huge, huge, tiny, tensor.QUInt8, NoActivation)
	for _, c := range [][3]int32{{11, 10, 255}, {10, 9, 0}, {10, 10, 10}, {255, 255, 255}, {0, 0, 0}} {
		if got := p.Code(c[0], c[1]); got != c[2] {
			t.Errorf("%d and %d give %d, want %d", c[0], c[1], got, c[2])
		}
	}
	if _, ok := p.Fixed(); ok {
		t.Error("its sums are said to fit int32")
	}
}
