package compare

import (
	"math"
	"testing"
)

func near(a, b, within float64) bool { return math.Abs(a-b) <= within }

const (
	printed      = 0.005 // of percentages that were published with two decimals
	float64Bound = 1e-9  // a dozen operations in float64, on percentages
	// leastCovered is a little below 95 %: the intervals are discrete, and Newcombe found
	// the same for few inputs.
	leastCovered = 0.925
)

// Wilson's interval as published, for example in Newcombe (1998).
func TestShareInterval(t *testing.T) {
	for _, c := range []struct {
		n, total  int
		low, high float64
	}{
		{81, 263, 25.53, 36.62}, {15, 148, 6.24, 16.05}, {0, 20, 0, 16.11}, {1, 29, 0.61, 17.18},
		{0, 100, 0, 3.70}, {100, 100, 96.30, 100}, {0, 1, 0, 79.35}, {1, 1, 20.65, 100}, {0, 0, 0, 100},
	} {
		if i := ShareInterval(c.n, c.total); !near(i.Low, c.low, printed) || !near(i.High, c.high, printed) {
			t.Errorf("%d of %d: %+v, want %v to %v", c.n, c.total, i, c.low, c.high)
		}
	}
}

// The interval of a change covers the true one about 95 times in 100, and is that
// whichever way round the models are.
func TestChangeInterval(t *testing.T) {
	for _, n := range []int{10, 40, 100} {
		for _, p := range [][2]float64{{0.1, 0.1}, {0.02, 0.05}, {0, 0.05}, {0.3, 0.1}, {0.01, 0.01}} {
			if share := covered(n, p[0], p[1]); share < leastCovered {
				t.Errorf("%d inputs, %v gained and lost: covers %.3f", n, p, share)
			}
		}
	}
	for _, c := range [][3]int{{0, 0, 1}, {0, 1, 1}, {3, 1, 50}, {0, 100, 100}, {7, 0, 400}} {
		a, b := ChangeInterval(c[0], c[1], c[2]), ChangeInterval(c[1], c[0], c[2])
		if !near(a.Low, -b.High, float64Bound) || !near(a.High, -b.Low, float64Bound) || a.Low > a.High || a.Low < -100 || a.High > 100 {
			t.Errorf("%v: %+v and %+v", c, a, b)
		}
	}
	// Without a change it is Wilson's bound, z²/(n+z²).
	if i := ChangeInterval(0, 0, 100); !near(i.High, 3.70, printed) || !near(i.Low, -3.70, printed) {
		t.Errorf("nothing changed in 100: %+v", i)
	}
	if i := ChangeInterval(0, 0, 0); i != (Interval{-100, 100}) {
		t.Errorf("no inputs: %+v", i)
	}
}

// covered sums up the probabilities of all outcomes whose interval holds the truth.
func covered(n int, gain, lose float64) float64 {
	sum := 0.0
	for b := range n + 1 {
		for c := range n + 1 - b {
			if i := ChangeInterval(b, c, n); i.Low <= 100*(gain-lose) && 100*(gain-lose) <= i.High {
				sum += multinomial(n, b, c, gain, lose)
			}
		}
	}
	return sum
}

func multinomial(n, b, c int, gain, lose float64) float64 {
	lg := func(k int) float64 { v, _ := math.Lgamma(float64(k + 1)); return v }
	power := func(p float64, k int) float64 {
		if k == 0 {
			return 0
		}
		return float64(k) * math.Log(p)
	}
	return math.Exp(lg(n) - lg(b) - lg(c) - lg(n-b-c) + power(gain, b) + power(lose, c) + power(1-gain-lose, n-b-c))
}
