//go:build !noasm

package argmax32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . argmax32 ../argmax32

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "argmax_f32_neon", ISA: "neon", Requires: cpu.NEON}, lanes: 4, run: func(c *Call) { a := c.pixels(); pixelsNEON(&a) }},
}

//go:noescape
func pixelsNEON(arg *pixels)
