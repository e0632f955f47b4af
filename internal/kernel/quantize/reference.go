package quantize

// Reference is the oracle of all rows.
func Reference(c *Call, toReal bool) {
	for i := range c.Codes {
		if toReal {
			c.Real[i] = c.Reals[c.Codes[i]]
		} else {
			c.Codes[i] = uint8(c.Rule.Code(c.Real[i]))
		}
	}
}
