package depthwise32

// packTaps transposes the filters to [tap][channel].
func packTaps(w []float32, channels, taps int, bias []float32) *Weights {
	p := &Weights{Channels: channels, Taps: taps, Bias: make([]float32, channels)}
	copy(p.Bias, bias)
	data := make([]float32, taps*channels)
	for c := range channels {
		for t, v := range w[c*taps : (c+1)*taps] {
			data[t*channels+c] = v
		}
	}
	p.Data = data
	return p
}

func run(c *Call) {
	n := c.W.Channels
	w := c.W.Data.([]float32)
	for m := c.M0; m < c.M1; m++ {
		out := c.Out[m*n:][:n]
		copy(out, c.W.Bias)
		for t := range c.W.Taps {
			x, wt := c.Matrix.Run(m, t)[:len(out)], w[t*n:][:len(out)]
			for i := range out {
				out[i] += float32(x[i] * wt[i])
			}
		}
		for i, v := range out {
			if v < c.Lo {
				out[i] = c.Lo
			} else if v > c.Hi {
				out[i] = c.Hi
			}
		}
	}
}
