//go:build !noasm

package elementwise8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . elementwise8 ../elementwise8

// block is the number of codes in a block.
const block = 16

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "elementwise_map_x8_neon", ISA: "neon", Requires: cpu.NEON}, Run: func(c *Call) { c.runMap(block) }},
	{Row: kernel.Row{Name: "elementwise_addfloat_u8_neon", ISA: "neon", Requires: cpu.NEON}, Function: AddFloat, Run: func(c *Call) { c.runAddFloat(block) }},
	{Row: kernel.Row{Name: "elementwise_addfixed_u8_neon", ISA: "neon", Requires: cpu.NEON}, Function: AddFixed, Run: func(c *Call) { c.runAddFixed(block) }},
	{Row: kernel.Row{Name: "elementwise_addsigned_s8_neon", ISA: "neon", Requires: cpu.NEON}, Function: AddSigned, Run: func(c *Call) { c.runAddSigned(block) }},
	{Row: kernel.Row{Name: "elementwise_mul_u8_neon", ISA: "neon", Requires: cpu.NEON}, Function: Mul, Run: func(c *Call) { c.runMul(block) }},
	{Row: kernel.Row{Name: "elementwise_mulearly_u8_neon", ISA: "neon", Requires: cpu.NEON}, Function: MulEarly, Run: func(c *Call) { c.runMulEarly(block) }},
	{Row: kernel.Row{Name: "elementwise_addratio_u8_neon", ISA: "neon", Requires: cpu.NEON}, Function: AddRatio, Run: func(c *Call) { c.run(c.ratio(), AddRatio, block) }},
	{Row: kernel.Row{Name: "elementwise_addratiosigned_s8_neon", ISA: "neon", Requires: cpu.NEON}, Function: AddRatioSigned, Run: func(c *Call) { c.run(c.ratio(), AddRatioSigned, block) }},
}

//go:noescape
func mapNEON(arg *codes)

//go:noescape
func addFloatNEON(arg *codes)

//go:noescape
func addSignedNEON(arg *codes)

//go:noescape
func addFixedNEON(arg *codes)

//go:noescape
func addRatioNEON(arg *codes)

//go:noescape
func addRatioSignedNEON(arg *codes)

//go:noescape
func mulNEON(arg *codes)

//go:noescape
func mulEarlyNEON(arg *codes)

// compute calls the routine by name, since the argument of a function value would be
// allocated on the heap.
func (a *codes) compute(f Function, _ int) {
	switch f {
	case Map:
		mapNEON(a)
	case AddFloat:
		addFloatNEON(a)
	case AddSigned:
		addSignedNEON(a)
	case AddFixed:
		addFixedNEON(a)
	case AddRatio:
		addRatioNEON(a)
	case AddRatioSigned:
		addRatioSignedNEON(a)
	case Mul:
		mulNEON(a)
	case MulEarly:
		mulEarlyNEON(a)
	}
}
