package quant

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

func float32NaN() float32 { return float32(math.NaN()) }

// TestFMA32AgainstBig compares FMA32 with exact arithmetic, rounded once.
func TestFMA32AgainstBig(t *testing.T) {
	rnd := testseed.Rand(t)
	var p, s big.Float
	p.SetPrec(2000)
	s.SetPrec(2000)
	for i := range 300000 {
		a, b, c := fmaOperands(rnd, i)
		p.Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
		s.Add(&p, big.NewFloat(float64(c)))
		want, _ := s.Float32()
		if got := FMA32(a, b, c); got != want {
			t.Fatalf("FMA32(%g, %g, %g) = %g, want %g", a, b, c, got, want)
		}
	}
}

// fmaOperands draws operands of every magnitude, and ones whose sum lies next to
// the middle between two float32, where two roundings go wrong.
func fmaOperands(rnd *rand.Rand, i int) (a, b, c float32) {
	finite := func() float32 {
		for {
			if f := math.Float32frombits(rnd.Uint32()); !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) {
				return f
			}
		}
	}
	near := func(e int) float32 {
		return float32(math.Ldexp(1+float64(rnd.IntN(1<<23))/(1<<23), e)) * float32(1-2*rnd.IntN(2))
	}
	switch i % 4 {
	case 0:
		return finite(), finite(), finite()
	case 1:
		return near(0), near(0), near(rnd.IntN(60) - 30)
	case 2: // cancellation
		a, b = near(0), near(0)
		return a, b, -float32(a * b)
	default: // a tie plus a little
		return near(-24) + 0, 1 + float32(rnd.IntN(3))*0x1p-23, float32(1+rnd.IntN(1<<23)) * float32(int(1)<<rnd.IntN(8))
	}
}

func TestFMA32Specials(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range [][4]float32{
		{inf, 1, 1, inf}, {1, 1, -inf, -inf}, {math.MaxFloat32, 2, 0, inf}, {math.MaxFloat32, 2, -math.MaxFloat32, math.MaxFloat32}, {0, 0, 0, 0},
		{0x1p-149, 0x1p-149, 0, 0}, {0x1p-149, 0x1p-149, 1, 1}, {-0x1p-149, 0x1p-149, 1, 1},
	} {
		if got := FMA32(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("FMA32(%g, %g, %g) = %g, want %g", c[0], c[1], c[2], got, c[3])
		}
	}
	if got := FMA32(inf, 0, 1); got == got {
		t.Errorf("FMA32(Inf, 0, 1) = %g, want NaN", got)
	}
}

func TestToInt32(t *testing.T) {
	for _, c := range []struct {
		x    float32
		want int32
	}{
		{0.5, 0}, {1.5, 2}, {2.5, 2}, {-0.5, 0}, {-1.5, -2}, {-2.5, -2}, {0.49999997, 0}, {8388607.5, 8388608}, {4194303.5, 4194304}, {4194304.5, 4194304}, {-4194303.5, -4194304},
		{2147483520, 2147483520}, {2147483648, math.MinInt32}, {-2147483648, math.MinInt32}, {float32(math.Inf(1)), math.MinInt32}, {float32NaN(), math.MinInt32},
	} {
		if got := ToInt32(c.x); got != c.want {
			t.Errorf("ToInt32(%v) = %d, want %d", c.x, got, c.want)
		}
	}
	rnd := testseed.Rand(t)
	for range 200000 {
		x := math.Float32frombits(rnd.Uint32())
		if rnd.IntN(2) == 0 {
			x = float32(rnd.IntN(1<<25)-1<<24) / 4
		}
		want := int32(math.MinInt32)
		if x >= -0x1p31 && x < 0x1p31 {
			want = int32(math.RoundToEven(float64(x)))
		}
		if got := ToInt32(x); got != want {
			t.Fatalf("ToInt32(%v) = %d, want %d", x, got, want)
		}
	}
}
