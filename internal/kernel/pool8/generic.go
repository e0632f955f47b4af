package pool8

func runMax(c *Call) {
	n := c.Channels
	for m := c.M0; m < c.M1; m++ {
		cells, image := c.cells(m)
		out := c.Out[m*n:][:n]
		clear(out)
		for _, at := range cells {
			x := c.X[image+int(at):][:len(out)]
			for i, v := range x {
				out[i] = max(out[i], v)
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
			x := c.X[image+int(at):][:len(acc)]
			for i, v := range x {
				acc[i] += int32(v)
			}
		}
		out := c.Out[m*n:][:n]
		for i, sum := range acc {
			out[i] = uint8(c.Rule.Code(sum, len(cells), c.Mult[m%c.Rows]))
		}
	}
}
