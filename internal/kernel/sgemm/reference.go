package sgemm

// Reference computes a call one result at a time in float64, with unpacked weights w,
// [n][k] row-major. Rows may differ from it by the rounding of K multiply-adds.
func Reference(c *Call, w []float32) {
	k := c.Taps * c.Depth
	for m := c.M0; m < c.M1; m++ {
		for n := c.N0; n < c.N1; n++ {
			sum := float64(c.W.Bias[n])
			for t := range c.Taps {
				for d, x := range c.Matrix.Run(m, t) {
					sum += float64(x) * float64(w[n*k+t*c.Depth+d])
				}
			}
			c.Out[m*c.LD+n] = max(c.Lo, min(float32(sum), c.Hi))
		}
	}
}
