package elementwise8

// Reference is the oracle of all rows.
func Reference(c *Call, pair bool) {
	for i := range c.Out {
		if pair {
			c.Out[i] = c.Binary[c.A[i]][c.B[i]]
		} else {
			c.Out[i] = c.Unary[c.A[i]]
		}
	}
}
