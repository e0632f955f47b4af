package pixels8

import "math/rand/v2"

// bytesOf draws n bytes, many of them extreme, at a shifted address.
func bytesOf(r *rand.Rand, n int) []uint8 {
	at := r.IntN(8)
	x := make([]uint8, at+n)[at:]
	for i := range x {
		x[i] = []uint8{uint8(r.Uint32()), uint8(r.Uint32()), 0, 255}[r.IntN(4)]
	}
	return x[:n:n]
}

// Draw returns random operands of n blocks, samples or pixels, and how many bytes come out: for
// comparisons of kernels with Reference, here and by octet cpu --selftest.
func Draw(r *rand.Rand, f Function, n int) (c Call, out int) {
	switch f {
	case Transform:
		c.Stride = 8*n + r.IntN(20)
		c.Quant, c.Coeff = new([64]int16), make([]int16, 64*n)
		wild := r.IntN(3) // of damaged files
		for i := range c.Quant {
			c.Quant[i] = int16(1 + r.IntN(100))
			if wild == 0 {
				c.Quant[i] = int16(r.Uint32())
			}
		}
		for i := range c.Coeff {
			switch kind := r.IntN(8); {
			case kind == 0 && wild == 0:
				c.Coeff[i] = []int16{-1 << 15, 1<<15 - 1, int16(r.Uint32())}[r.IntN(3)]
			case kind < 2, i%64 < 2:
				c.Coeff[i] = int16(r.NormFloat64() * 30)
			}
		}
		return c, 7*c.Stride + 8*n
	case Double, Both:
		c.A, c.B = bytesOf(r, n), bytesOf(r, n)
		return c, 2 * n
	case Color:
		c.A, c.B, c.C = bytesOf(r, n), bytesOf(r, n), bytesOf(r, n)
		return c, 3 * n
	}
	c.Taps = 1 + r.IntN(9)
	weights := func(n int) {
		c.Weights = make([]int32, n)
		for i := range c.Weights {
			c.Weights[i] = int32(r.NormFloat64() * (1 << WeightBits) / float64(c.Taps))
		}
	}
	if f == Column {
		weights(c.Taps)
		c.Stride = n + r.IntN(20)
		c.A = bytesOf(r, (c.Taps-1)*c.Stride+n)
		return c, n
	}
	width := c.Taps + r.IntN(n+1)
	weights(n * c.Taps)
	c.A, c.Starts = bytesOf(r, 3*width), make([]int32, n)
	for i := range c.Starts {
		c.Starts[i] = int32(i * (width - c.Taps) / max(1, n-1))
	}
	return c, 3 * n
}
