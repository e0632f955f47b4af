package gemm8

// Reference is what all rows are tested against: the accumulators of the package comment,
// one by one, from unpacked weights w, [n][k] row-major.
func Reference(c *Call, w []int8) {
	k := c.Taps * c.Depth
	init := initial(w, c.W.N, k, c.Pad[0])
	width := c.N1 - c.N0
	for m := c.M0; m < c.M1; m++ {
		for n := c.N0; n < c.N1; n++ {
			sum := init[n]
			for t := range c.Taps {
				for d, x := range c.Matrix.Run(m, t) {
					sum += int32(x) * int32(w[n*k+t*c.Depth+d])
				}
			}
			c.Acc[(m-c.M0)*width+n-c.N0] = sum
		}
	}
}
