package statistics

import "math"

// The portable kernels are the oracle of the others.

func runRange(c *Call) {
	lo, hi := float32(math.Inf(1)), float32(math.Inf(-1))
	zeros := float32(0) // NaN once an element is not finite
	for _, v := range c.X {
		zeros += float32(v * 0)
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	c.Lo, c.Hi, c.Finite = lo, hi, zeros == 0
}

func runHistogram(c *Call) {
	span := c.Hi - c.Lo
	c.Inside = false
	for _, v := range c.X {
		if !(v >= c.Lo && v <= c.Hi) {
			return
		}
		c.Counts[bin(v, c.Lo, span, len(c.Counts))]++
	}
	c.Inside = true
}

// bin is the bin of v. What is converted lies in 0..bins, so the plain conversion
// is the same on every machine.
func bin(v, lo, span float32, bins int) int {
	return min(int(int32(float32((v-lo)*float32(bins))/span)), bins-1)
}
