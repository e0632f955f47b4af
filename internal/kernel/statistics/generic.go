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

// bin is the bin of v. The converted number is within 0 to bins, so the conversion gives
// the same on every machine.
func bin(v, lo, span float32, bins int) int {
	return min(int(int32(float32((v-lo)*float32(bins))/span)), bins-1)
}

func runNoise(c *Call) {
	var p power
	n := len(c.X) / groups * groups
	y := c.Y[:len(c.X)]
	for i := 0; i < n; i += groups {
		a, b := c.X[i:i+groups:i+groups], y[i:i+groups:i+groups]
		p.add(0, a[0], b[0])
		p.add(1, a[1], b[1])
		p.add(2, a[2], b[2])
		p.add(3, a[3], b[3])
	}
	p.finish(c, n)
}

// groups is the number of accumulators: with one, each addition would wait for the one
// before it.
const groups = 4

// power has the accumulators of the noise.
type power struct{ signal, noise [groups]float64 }

func (p *power) add(i int, x, y float32) {
	d := float64(x) - float64(y)
	p.signal[i] += float64(float64(x) * float64(x))
	p.noise[i] += float64(d * d)
}

// finish adds the elements from n on, and stores the results in c.
func (p *power) finish(c *Call, n int) {
	for i := n; i < len(c.X); i++ {
		p.add(0, c.X[i], c.Y[i])
	}
	c.Signal = (p.signal[0] + p.signal[1]) + (p.signal[2] + p.signal[3])
	c.Noise = (p.noise[0] + p.noise[1]) + (p.noise[2] + p.noise[3])
}
