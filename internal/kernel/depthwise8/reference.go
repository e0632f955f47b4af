package depthwise8

// Reference is the oracle of all rows, with unpacked weights w, [channel][tap].
func Reference(c *Call, w []int8) {
	taps, channels := c.W.Taps, c.W.Channels
	for m := c.M0; m < c.M1; m++ {
		for ch := range channels {
			var sum int32
			for t := range taps {
				sum += (int32(c.Matrix.Run(m, t)[ch]) - int32(c.Pad[0])) * int32(w[ch*taps+t])
			}
			c.Acc[(m-c.M0)*channels+ch] = sum
		}
	}
}
