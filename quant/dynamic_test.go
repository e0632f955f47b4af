package quant

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// A range without numbers has the parameters that x86 gives, on every machine.
func TestDynamicQuantizerOfNoNumbers(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		lo, hi float32
		zero   int32
	}{{-1, 1, 127}, {0, 0, 0}, {nan, nan, math.MinInt32}, {-inf, 1, math.MinInt32}, {0, inf, 0}} {
		if _, z := NewDynamicQuantizer(ONNX, c.lo, c.hi); z.Zero != c.zero {
			t.Errorf("from %v to %v: zero point %d, not %d", c.lo, c.hi, z.Zero, c.zero)
		}
	}
}

// The parameters of a row are those of DynamicQuantizeLinear, save for numbers so small that it
// would divide by 0.
func TestRowQuantizer(t *testing.T) {
	r := testseed.Rand(t)
	for range 1000 {
		lo, hi := float32(r.NormFloat64()), float32(r.NormFloat64())
		s, z := NewRowQuantizer(min(lo, hi), max(lo, hi))
		want, rule := NewDynamicQuantizer(ONNX, min(lo, hi), max(lo, hi))
		if s != want || z != rule {
			t.Fatalf("%g to %g: scale %g and %+v, not %g and %+v", lo, hi, s, z, want, rule)
		}
	}
	for _, hi := range []float32{0, math.SmallestNonzeroFloat32} {
		if s, z := NewRowQuantizer(0, hi); s != 1 || z.Code(hi) != 0 {
			t.Errorf("0 to %g: scale %g, code %d", hi, s, z.Code(hi))
		}
	}
}
