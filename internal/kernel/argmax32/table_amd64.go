//go:build !noasm

package argmax32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . argmax32 ../argmax32

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "argmax_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, lanes: 16, run: func(c *Call) { a := c.pixels(); pixelsAVX512(&a) }},
	{Row: kernel.Row{Name: "argmax_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, lanes: 8, run: func(c *Call) { a := c.pixels(); pixelsAVX2(&a) }},
}

//go:noescape
func pixelsAVX512(arg *pixels)

//go:noescape
func pixelsAVX2(arg *pixels)
