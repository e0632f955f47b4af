package compare

import "math"

// Interval is where a figure lies with 95 % confidence, if the inputs are a random
// sample of those that the model will see. Few inputs give a wide one.
type Interval struct {
	Low  float64 `json:"low"`  // the lower end
	High float64 `json:"high"` // the upper end
}

// z95 is the quantile of the normal distribution for 95 % on two sides.
const z95 = 1.959963984540054

// ShareInterval is Wilson's score interval of a share, in percent, of which n of total
// inputs were counted. Unlike the normal approximation it is right at 0 of 100 too.
func ShareInterval(n, total int) Interval {
	if total == 0 {
		return Interval{0, 100}
	}
	size := float64(total)
	p := float64(n) / size
	middle := (p + z95*z95/(2*size)) / (1 + z95*z95/size)
	half := z95 / (1 + z95*z95/size) * math.Sqrt(p*(1-p)/size+z95*z95/(4*size*size))
	i := Interval{100 * max(0, middle-half), 100 * min(1, middle+half)}
	if n == 0 {
		i.Low = 0
	}
	if n == total {
		i.High = 100
	}
	return i
}

// ChangeInterval is Tango's score interval of a change of accuracy, in points: of total
// inputs, gained became right and lost became wrong. It is for two models on the same
// inputs, where both figures of accuracy scatter together.
func ChangeInterval(gained, lost, total int) Interval {
	if total == 0 {
		return Interval{-100, 100}
	}
	b, c := float64(gained), float64(lost)
	low := bisect(-1, (b-c)/float64(total), func(d float64) bool { return pairedScore(b, c, float64(total), d) > z95 })
	high := bisect((b-c)/float64(total), 1, func(d float64) bool { return pairedScore(b, c, float64(total), d) > -z95 })
	return Interval{100 * low, 100 * high}
}

// pairedScore is how many standard deviations a change of (b-c)/n is from the change
// d, if that is the true one. It falls with d.
func pairedScore(b, c, n, d float64) float64 {
	// The likeliest share of lost inputs, given d.
	first := 2 * n
	second := -b - c + (2*n-b+c)*d
	third := -c * d * (1 - d)
	lost := (math.Sqrt(max(0, second*second-4*first*third)) - second) / (2 * first)
	variance := n * (2*lost + d*(1-d))
	difference := b - c - n*d
	if variance <= 0 {
		return math.Copysign(math.Inf(1), difference)
	}
	return difference / math.Sqrt(variance)
}

// bisect finds where a condition that holds at lo, and not at hi, ends.
func bisect(lo, hi float64, holds func(float64) bool) float64 {
	for range 60 {
		if middle := (lo + hi) / 2; holds(middle) {
			lo = middle
		} else {
			hi = middle
		}
	}
	return (lo + hi) / 2
}
