//go:build !noasm

package depthwise32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . depthwise32 ../depthwise32

// archTable lists the kernels of arm64. They add each product with one rounding.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "depthwise_f32_neon", ISA: "neon", Requires: cpu.NEON}, Rate: 10, Pack: packTaps, Run: runNEON},
}

//go:noescape
func pixelsNEON(arg *pixels)

func runNEON(c *Call) {
	for m := c.M0; m < c.M1; {
		p := c.pixels(m, nil)
		m += p.count
		pixelsNEON(&p)
	}
}
