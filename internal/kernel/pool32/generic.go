package pool32

import "math"

func runMax(c *Call) {
	n := c.Channels
	for m := c.M0; m < c.M1; m++ {
		cells, image := c.Window(m)
		out := c.Out[m*n:][:n]
		for i := range out {
			out[i] = float32(math.Inf(-1))
		}
		for _, at := range cells {
			for i, v := range c.X[image+int(at):][:n] {
				if v > out[i] || v != v {
					out[i] = v
				}
			}
		}
	}
}

func runAverage(c *Call) {
	n := c.Channels
	acc := c.Acc[:n]
	for m := c.M0; m < c.M1; m++ {
		cells, image := c.Window(m)
		clear(acc)
		for _, at := range cells {
			for i, v := range c.X[image+int(at):][:n] {
				acc[i] += float64(v)
			}
		}
		for i, sum := range acc {
			c.Out[m*n+i] = float32(sum) / c.Div[m%c.Rows]
		}
	}
}
