//go:build !noasm

package quantize

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . quantize ../quantize

// Bytes of a vector of each instruction set.
const (
	wide   = 64 // AVX-512
	narrow = 32 // AVX2
)

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "quantize_f32x8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Run: func(c *Call) { c.vectorCodes(wide) }},
	{Row: kernel.Row{Name: "quantize_f32x8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Run: func(c *Call) { c.vectorCodes(narrow) }},
	{Row: kernel.Row{Name: "dequantize_x8f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, ToReal: true, Run: func(c *Call) { c.vectorReals(wide) }},
	{Row: kernel.Row{Name: "dequantize_x8f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, ToReal: true, Run: func(c *Call) { c.vectorReals(narrow) }},
}

// numbers is the argument of an assembly routine. A block is a vector of codes
// on the way to codes and a vector of numbers on the way to reals.
type numbers struct {
	real    *float32
	codes   *uint8
	blocks  int
	factor  float32
	largest float32
	zero    int32
	lo, hi  uint8
}

//go:noescape
func toUnsignedAVX512(arg *numbers)

//go:noescape
func toUnsignedAVX2(arg *numbers)

//go:noescape
func toSignedAVX512(arg *numbers)

//go:noescape
func toSignedAVX2(arg *numbers)

//go:noescape
func toUnsignedDividedAVX512(arg *numbers)

//go:noescape
func toUnsignedDividedAVX2(arg *numbers)

//go:noescape
func toSignedDividedAVX512(arg *numbers)

//go:noescape
func toSignedDividedAVX2(arg *numbers)

//go:noescape
func toRealsAVX512(arg *numbers)

//go:noescape
func toRealsAVX2(arg *numbers)

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
		var from [wide]float32
		var to [wide]uint8
		copy(from[:], real[whole:])
		a.real, a.codes, a.blocks = &from[0], &to[0], 1
		a.toCodes(signed, divide, block)
		copy(c.Codes[whole:], to[:])
	}
}

func (a *numbers) toCodes(signed, divide bool, block int) {
	switch {
	case divide && signed && block == wide:
		toSignedDividedAVX512(a)
	case divide && signed:
		toSignedDividedAVX2(a)
	case divide && block == wide:
		toUnsignedDividedAVX512(a)
	case divide:
		toUnsignedDividedAVX2(a)
	case signed && block == wide:
		toSignedAVX512(a)
	case signed:
		toSignedAVX2(a)
	case block == wide:
		toUnsignedAVX512(a)
	default:
		toUnsignedAVX2(a)
	}
}

// vectorReals computes whole blocks in place and the rest in a block of its own.
func (c *Call) vectorReals(bytes int) {
	n, block := len(c.Codes), bytes/4
	real := c.Real[:n]
	whole := n / block * block
	a := numbers{factor: c.ToReal.Scale, zero: c.ToReal.Zero}
	if whole > 0 {
		a.real, a.codes, a.blocks = &real[0], &c.Codes[0], whole/block
		a.toReals(bytes)
	}
	if whole < n {
		var from [wide / 4]uint8
		var to [wide / 4]float32
		copy(from[:], c.Codes[whole:])
		a.real, a.codes, a.blocks = &to[0], &from[0], 1
		a.toReals(bytes)
		copy(real[whole:], to[:])
	}
}

func (a *numbers) toReals(bytes int) {
	if bytes == wide {
		toRealsAVX512(a)
	} else {
		toRealsAVX2(a)
	}
}
