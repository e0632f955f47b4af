package depthwise8

// packTaps transposes the filters to [tap][channel] and widens them.
func packTaps(w []int8, channels, taps int, zero uint8) *Weights {
	p := &Weights{Channels: channels, Taps: taps, Init: make([]int32, channels)}
	data := make([]int32, taps*channels)
	for c := range channels {
		for t, v := range w[c*taps : (c+1)*taps] {
			data[t*channels+c] = int32(v)
			p.Init[c] -= int32(zero) * int32(v)
		}
	}
	p.Data = data
	return p
}

func run(c *Call) {
	n := c.W.Channels
	w := c.W.Data.([]int32)
	for m := c.M0; m < c.M1; m++ {
		acc := c.Acc[(m-c.M0)*n:][:n]
		copy(acc, c.W.Init)
		t := 0
		for ; t+3 <= c.W.Taps; t += 3 {
			add3(acc, c.Matrix.Run(m, t), c.Matrix.Run(m, t+1), c.Matrix.Run(m, t+2), w[t*n:], n)
		}
		for ; t < c.W.Taps; t++ {
			x, wt := c.Matrix.Run(m, t), w[t*n:][:n]
			for i := range acc {
				acc[i] += int32(x[i]) * wt[i]
			}
		}
	}
}

// add3 adds three taps at once, which loads and stores each accumulator only once.
func add3(acc []int32, x0, x1, x2 []uint8, w []int32, n int) {
	w0, w1, w2 := w[:n], w[n:][:n], w[2*n:][:n]
	x0, x1, x2 = x0[:len(acc)], x1[:len(acc)], x2[:len(acc)]
	w0, w1, w2 = w0[:len(acc)], w1[:len(acc)], w2[:len(acc)]
	for i := range acc {
		acc[i] += int32(x0[i])*w0[i] + int32(x1[i])*w1[i] + int32(x2[i])*w2[i]
	}
}
