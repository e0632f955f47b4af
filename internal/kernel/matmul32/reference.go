package matmul32

// RowsReference computes a call one result at a time in float64, with unpacked weights w,
// [k][n] row-major.
func RowsReference(c *RowsCall, w []float32) {
	n := c.W.N
	for m := c.M0; m < c.M1; m++ {
		for i := range c.out(m) {
			sum := 0.0
			if c.Add {
				sum = float64(c.out(m)[i])
			}
			for t := range c.Taps {
				for d, x := range c.run(m, t) {
					sum += float64(x) * float64(w[(t*c.Depth+d)*n+c.N0+i])
				}
			}
			c.out(m)[i] = float32(sum)
		}
	}
}

// OuterReference computes a call one result at a time in float64; k gives the
// layout of the result.
func OuterReference(k *Kernel, c *OuterCall) {
	for t := c.T0; t < c.T1; t++ {
		for d := c.D0; d < c.D1; d++ {
			out := c.outRow(k, t, d)
			for i := range out {
				sum := 0.0
				if c.Add {
					sum = float64(out[i])
				}
				for m := c.M0; m < c.M1; m++ {
					sum += float64(c.run(m, t)[d]) * float64(c.Y[m*c.LDY+c.N0+i])
				}
				out[i] = float32(sum)
			}
		}
	}
}
