package quantize

// Reference is the oracle of all rows.
func Reference(c *Call, toReal bool) {
	for i := range c.Codes {
		if toReal {
			c.Real[i] = c.Reals[c.Codes[i]]
		} else {
			code := c.Rule.Code(c.Real[i])
			if c.signed() {
				code += 128
			}
			c.Codes[i] = uint8(code)
		}
	}
}
