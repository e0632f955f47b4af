package elementwise32

// Reference is the oracle of all rows.
func Reference(c *Call, f Function) {
	for i := range c.Out {
		v := c.A[i]
		switch f {
		case Add:
			v += c.B[i]
		case Mul:
			v *= c.B[i]
		case Affine:
			v = float32(v*c.B[i]) + c.C[i]
		}
		c.Out[i] = c.clamp(v)
	}
}
