package quant

import (
	"math"
	"testing"
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
