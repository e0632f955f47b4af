package report

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/testseed"
)

func turns(n int, of func(i int) float64) []time.Duration {
	d := make([]time.Duration, n)
	for i := range d {
		d[i] = time.Duration(1e6 * of(i))
	}
	return d
}

func TestSpeedIsTheReferencesTimeByTheOwn(t *testing.T) {
	for _, c := range []struct {
		own         float64
		short, long string
	}{
		{0.5, "2.00 × (2.00–2.00)", "2.00 times faster (2.00 to 2.00)"},
		{0.8, "1.25 × (1.25–1.25)", "1.25 times faster (1.25 to 1.25)"},
		{0.99, "no difference", "no difference measured (1.01 to 1.01)"},
		{1, "no difference", "no difference measured (1.00 to 1.00)"},
		{1.01, "no difference", "no difference measured (0.99 to 0.99)"},
		{2, "0.50 × (0.50–0.50)", "2.00 times slower (2.00 to 2.00)"},
	} {
		s := NewSpeed(turns(20, func(int) float64 { return 1 }), turns(20, func(int) float64 { return c.own }))
		if s.Short() != c.short || s.String() != c.long || s.Turns != 20 {
			t.Errorf("a time of %g of the reference's: %q, %q", c.own, s.Short(), s)
		}
	}
}

// A few turns say little, and a machine whose speed drifts by half or stops now and
// then must not be taken for a difference, nor hide one.
func TestSpeedIsNotNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(testseed.Of(t), 1))
	drift := turns(400, func(i int) float64 { return 1 + float64(i)/800 })
	noisy := func(times float64) []time.Duration {
		own := turns(400, func(int) float64 { return 0 })
		for i := range own {
			own[i] = time.Duration(float64(drift[i]) / times * (1 + 0.05*r.NormFloat64()))
			if r.IntN(10) == 0 {
				own[i] *= 20
			}
		}
		return own
	}
	if s := NewSpeed(drift, noisy(1.01)); s.Differs() {
		t.Errorf("noise: %v", s)
	}
	for _, times := range []float64{1.3, 2, 4} {
		if s := NewSpeed(drift, noisy(times)); !s.Faster() || s.Slower() || s.Low > times || s.High < times*0.97 || !strings.Contains(s.String(), "faster") {
			t.Errorf("%g times faster: %v", times, s)
		}
	}
	if s := NewSpeed(drift, noisy(0.7)); !s.Slower() || s.Faster() {
		t.Errorf("slower: %v", s)
	}
	three := []time.Duration{100, 100, 100}
	if s := NewSpeed(three, []time.Duration{50, 150, 50}); s.Differs() {
		t.Errorf("three turns that disagree: %v", s)
	}
}
