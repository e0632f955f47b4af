package pool32

import "math"

// Reference is the oracle of all rows.
func Reference(c *Call, average bool) {
	for m := c.M0; m < c.M1; m++ {
		cells, image := c.Window(m)
		for ch := range c.Channels {
			most := float32(math.Inf(-1))
			var sum float64
			for _, at := range cells {
				x := c.X[image+int(at)+ch]
				if x > most || x != x {
					most = x
				}
				sum += float64(x)
			}
			if average {
				most = float32(sum) / c.Div[m%c.Rows]
			}
			c.Out[m*c.Channels+ch] = most
		}
	}
}
