package pool32

import "math"

// runMax computes the channels from first on.
func runMax(c *Call, first int) {
	n := c.Channels
	for m := c.M0; m < c.M1 && first < n; m++ {
		cells, image := c.Window(m)
		out := c.Out[m*n+first:][:n-first]
		for i := range out {
			out[i] = float32(math.Inf(-1))
		}
		for _, at := range cells {
			for i, v := range c.X[image+int(at)+first:][:len(out)] {
				if v > out[i] || v != v {
					out[i] = v
				}
			}
		}
	}
}

// runAverage computes the channels from first on.
func runAverage(c *Call, first int) {
	n := c.Channels
	acc := c.Acc[:n-first]
	for m := c.M0; m < c.M1 && first < n; m++ {
		cells, image := c.Window(m)
		clear(acc)
		for _, at := range cells {
			for i, v := range c.X[image+int(at)+first:][:len(acc)] {
				acc[i] += float64(v)
			}
		}
		for i, sum := range acc {
			c.Out[m*n+first+i] = float32(sum) / c.Div[m%c.Rows]
		}
	}
}
