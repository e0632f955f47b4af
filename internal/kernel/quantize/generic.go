package quantize

import "math"

// Adding magic to |y| < 2^22 rounds y to an integer, ties to even, and leaves
// it in the low bits. Larger values take the contract's own function.
const (
	magic     = float32(3 << 22)
	magicBits = 0x4B400000
	small     = float32(1 << 22)
)

func toCodes(c *Call) {
	q, bits := c.Rule, uint8(0)
	if c.signed() {
		bits = flip
	}
	real := c.Real[:len(c.Codes)]
	for i, x := range real {
		y := float32(x * q.Inv)
		if q.Divisor != 0 {
			y = x / q.Divisor
		}
		if y < small && y > -small {
			r := int32(math.Float32bits(y+magic)) - magicBits
			c.Codes[i] = uint8(max(q.Lo, min(r+q.Zero, q.Hi))) ^ bits
		} else {
			c.Codes[i] = uint8(q.Code(x)) ^ bits
		}
	}
}

func toReals(c *Call) {
	t := c.Reals
	real := c.Real[:len(c.Codes)]
	for i, v := range c.Codes {
		real[i] = t[v]
	}
}
