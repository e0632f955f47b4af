package depthwise32

// Reference computes a call one result at a time in float64, with unpacked weights w,
// [channel][tap]. Rows may differ from it by rounding.
func Reference(c *Call, w []float32) {
	taps, channels := c.W.Taps, c.W.Channels
	for m := c.M0; m < c.M1; m++ {
		for ch := range channels {
			sum := float64(c.W.Bias[ch])
			for t := range taps {
				sum += float64(c.Matrix.Run(m, t)[ch]) * float64(w[ch*taps+t])
			}
			c.Out[m*channels+ch] = max(c.Lo, min(float32(sum), c.Hi))
		}
	}
}
