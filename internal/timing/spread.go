package timing

import (
	"math"
	"slices"
	"time"
)

// Spread is the median and the smallest of some durations, in milliseconds.
type Spread struct{ Median, Best float64 } // milliseconds

// SpreadOf is that of d, which is not empty.
func SpreadOf(d []time.Duration) Spread {
	s := slices.Sorted(slices.Values(d))
	return Spread{Milliseconds(Quantile(s, 0.5)), Milliseconds(s[0])}
}

func (s Spread) plus(o Spread, part float64) Spread {
	return Spread{s.Median + part*o.Median, s.Best + part*o.Best}
}

// SlowerThan demands both the median and the best time to be longer by a factor.
func (s Spread) SlowerThan(o Spread, factor float64) bool {
	return s.Median > factor*o.Median && s.Best > factor*o.Best
}

// Quantile is the smallest of the sorted durations that a part q of them does
// not exceed.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// Milliseconds is d as a number.
func Milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
