package main

// counts are numbers of instructions.
type counts struct {
	Total int64 `json:"total"`
	SIMD  int64 `json:"simd"` // vectors and floating point, those of the following classes among them
	Load  int64 `json:"load"`
	Store int64 `json:"store"`
	Dot   int64 `json:"dot"`  // SDOT, UDOT, USDOT
	MMLA  int64 `json:"mmla"` // SMMLA, UMMLA, USMMLA
	Mull  int64 `json:"mull"` // SMULL, SMLAL, SMLSL and those of unsigned numbers
	FMLA  int64 `json:"fmla"` // FMLA, FMLS of vectors
}

// plus returns c and n times d.
func (c counts) plus(n int64, d counts) counts {
	return counts{c.Total + n*d.Total, c.SIMD + n*d.SIMD, c.Load + n*d.Load, c.Store + n*d.Store,
		c.Dot + n*d.Dot, c.MMLA + n*d.MMLA, c.Mull + n*d.Mull, c.FMLA + n*d.FMLA}
}

// classify counts one instruction of A64.
func classify(w uint32) counts {
	c := counts{Total: 1}
	group := w >> 25 & 15
	if group&7 == 7 {
		c.SIMD = 1
	}
	if group&5 == 4 { // the group of loads and stores
		if loads(w) {
			c.Load = 1
		} else {
			c.Store = 1
		}
	}
	for _, p := range products {
		if w&p.mask == p.value && (!p.sized || w>>22&3 != 0) {
			*p.class(&c)++
			break
		}
	}
	return c
}

// loads tells loads from stores. Prefetches count as loads: their bit 22 is 0 or their opc 2.
func loads(w uint32) bool {
	switch {
	case w&0x3b000000 == 0x18000000: // of a literal
		return true
	case w&0x3a000000 == 0x38000000 && w>>26&1 == 0: // of a register; opc 0 stores
		return w>>22&3 != 0
	default:
		return w>>22&1 != 0
	}
}

// products are the multiplications of vectors, by the bits that tell them.
var products = []struct {
	mask, value uint32
	sized       bool // size 0 means something else
	class       func(*counts) *int64
}{
	{0x9fe0fc00, 0x0e809400, false, dot},  // SDOT, UDOT
	{0xbfe0fc00, 0x0e809c00, false, dot},  // USDOT
	{0x9fc0f400, 0x0f80e000, false, dot},  // SDOT, UDOT by element
	{0xbf40f400, 0x0f00f000, false, dot},  // USDOT, SUDOT by element
	{0x9fe0fc00, 0x0e80a400, false, mmla}, // SMMLA, UMMLA
	{0xbfe0fc00, 0x0e80ac00, false, mmla}, // USMMLA
	{0x9f20fc00, 0x0e20c000, false, mull}, // SMULL
	{0x9f20fc00, 0x0e208000, false, mull}, // SMLAL
	{0x9f20fc00, 0x0e20a000, false, mull}, // SMLSL
	{0x9f00f400, 0x0f00a000, true, mull},  // SMULL by element
	{0x9f00b400, 0x0f002000, true, mull},  // SMLAL, SMLSL by element
	{0xbf20fc00, 0x0e20cc00, false, fmla}, // FMLA, FMLS
	{0xbf80b400, 0x0f801000, false, fmla}, // FMLA, FMLS by element
}

func dot(c *counts) *int64  { return &c.Dot }
func mmla(c *counts) *int64 { return &c.MMLA }
func mull(c *counts) *int64 { return &c.Mull }
func fmla(c *counts) *int64 { return &c.FMLA }
