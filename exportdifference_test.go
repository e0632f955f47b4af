package octet

import (
	"math"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

// What is no number where one is expected is as far off as can be; where none is expected, it is
// not known how far.
func TestDifferenceOfNoNumbers(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct{ want, got, rms float32 }{
		{2, 2, 0}, {2, 1, 0.5}, {2, nan, inf}, {2, inf, inf}, {nan, nan, nan}, {nan, 2, nan}, {inf, inf, nan}, {inf, 2, nan},
	} {
		_, rms := difference(tensor.Of([]float32{c.want}, 1), tensor.Of([]float32{c.got}, 1))
		if got := float32(rms); got != c.rms && !(got != got && c.rms != c.rms) {
			t.Errorf("%v in place of %v: %v; want %v", c.got, c.want, got, c.rms)
		}
	}
}
