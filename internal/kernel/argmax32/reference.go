package argmax32

// Reference computes a call, one number at a time.
func Reference(c *Call) {
	for m := c.M0; m < c.M1; m++ {
		out, which := c.Out[m*c.C:(m+1)*c.C], c.Which[m*c.C:(m+1)*c.C]
		for t, off := range c.Offset[m*c.Taps : (m+1)*c.Taps] {
			x := c.Pad[:c.C]
			if off >= 0 {
				x = c.X[off:][:c.C]
			}
			if t == 0 {
				copy(out, x)
				clear(which)
				continue
			}
			for ch, v := range x {
				if v > out[ch] {
					out[ch], which[ch] = v, uint8(t)
				}
			}
		}
	}
}
