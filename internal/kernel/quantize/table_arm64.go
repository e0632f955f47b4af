//go:build !noasm

package quantize

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . quantize ../quantize

// block is the size of a block.
const block = 16

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "quantize_f32x8_neon", ISA: "neon", Requires: cpu.NEON}, Run: func(c *Call) { c.vectorCodes(block) }},
	{Row: kernel.Row{Name: "dequantize_x8f32_neon", ISA: "neon", Requires: cpu.NEON}, ToReal: true, Run: func(c *Call) { c.vectorReals(block) }},
}

//go:noescape
func toUnsignedNEON(arg *numbers)

//go:noescape
func toSignedNEON(arg *numbers)

//go:noescape
func toUnsignedDividedNEON(arg *numbers)

//go:noescape
func toSignedDividedNEON(arg *numbers)

//go:noescape
func toRealsNEON(arg *numbers)

func (a *numbers) toCodes(signed, divide bool, _ int) {
	switch {
	case divide && signed:
		toSignedDividedNEON(a)
	case divide:
		toUnsignedDividedNEON(a)
	case signed:
		toSignedNEON(a)
	default:
		toUnsignedNEON(a)
	}
}

func (a *numbers) toReals(int) { toRealsNEON(a) }
