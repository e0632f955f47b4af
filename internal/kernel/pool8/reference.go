package pool8

// Reference is the oracle of all rows.
func Reference(c *Call, average bool) {
	for m := c.M0; m < c.M1; m++ {
		cells, image := c.Window(m)
		for ch := range c.Channels {
			var most uint8
			var sum int32
			for _, at := range cells {
				x := c.X[image+int(at)+ch]
				most = max(most, x)
				sum += int32(x)
			}
			if average {
				most = uint8(c.Rule.Code(sum, len(cells), c.Mult[m%c.Rows]))
			}
			c.Out[m*c.Channels+ch] = most
		}
	}
}
