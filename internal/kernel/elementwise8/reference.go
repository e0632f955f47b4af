package elementwise8

// Reference is the oracle of all rows. rule is the rule of package quant that
// functions without a table follow.
func Reference(c *Call, f Function, rule func(a, b int32) int32) {
	for i := range c.Out {
		switch f {
		case Map:
			c.Out[i] = c.Unary[c.A[i]]
		case Pair:
			c.Out[i] = c.Binary[c.A[i]][c.B[i]]
		default:
			c.Out[i] = uint8(rule(int32(c.A[i]), int32(c.B[i])))
		}
	}
}
