//go:build (amd64 || arm64) && !noasm

package quantize

// largest is the size of the largest block.
const largest = 64

// numbers is the argument of an assembly routine. A block is as many numbers as
// a turn of the routine converts.
type numbers struct {
	real    *float32
	codes   *uint8
	blocks  int
	factor  float32
	largest float32
	zero    int32
	lo, hi  uint8
}

// vectorCodes computes whole blocks in place and the rest in a block of its own.
func (c *Call) vectorCodes(block int) {
	n := len(c.Codes)
	real := c.Real[:n]
	whole := n / block * block
	q := &c.Rule
	a := numbers{factor: q.Inv, largest: 2147483520, zero: q.Zero, lo: uint8(q.Lo), hi: uint8(q.Hi)}
	divide := q.Divisor != 0
	if divide {
		a.factor = q.Divisor
	}
	signed := c.signed()
	if whole > 0 {
		a.real, a.codes, a.blocks = &real[0], &c.Codes[0], whole/block
		a.toCodes(signed, divide, block)
	}
	if whole < n {
		var from [largest]float32
		var to [largest]uint8
		copy(from[:], real[whole:])
		a.real, a.codes, a.blocks = &from[0], &to[0], 1
		a.toCodes(signed, divide, block)
		copy(c.Codes[whole:], to[:])
	}
}

// vectorReals computes whole blocks in place and the rest in a block of its own.
func (c *Call) vectorReals(block int) {
	n := len(c.Codes)
	real := c.Real[:n]
	whole := n / block * block
	a := numbers{factor: c.ToReal.Scale, zero: c.ToReal.Zero}
	if whole > 0 {
		a.real, a.codes, a.blocks = &real[0], &c.Codes[0], whole/block
		a.toReals(block)
	}
	if whole < n {
		var from [largest]uint8
		var to [largest]float32
		copy(from[:], c.Codes[whole:])
		a.real, a.codes, a.blocks = &to[0], &from[0], 1
		a.toReals(block)
		copy(real[whole:], to[:])
	}
}
