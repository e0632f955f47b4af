package pool32

import "math"

func runMax(c *Call) {
	n := c.Channels
	for m := c.M0; m < c.M1; m++ {
		cells, image := c.cells(m)
		out := c.Out[m*n:][:n]
		for i := range out {
			out[i] = float32(math.Inf(-1))
		}
		for _, at := range cells {
			for i, v := range c.X[image+int(at):][:len(out)] {
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
		cells, image := c.cells(m)
		clear(acc)
		for _, at := range cells {
			for i, v := range c.X[image+int(at):][:len(acc)] {
				acc[i] += float64(v)
			}
		}
		for i, sum := range acc {
			c.Out[m*n+i] = float32(sum) / c.Div[m%c.Rows]
		}
	}
}
