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

// pixels is the argument of an assembly routine.
type pixels struct {
	x, pad      *float32
	offset      *int32
	out         *float32
	which       *uint8
	taps, count int
	size        int // channels
	pixel       int // channels from one pixel to the next
}

//go:noescape
func pixelsAVX512(arg *pixels)

//go:noescape
func pixelsAVX2(arg *pixels)

func (c *Call) pixels() pixels {
	last := c.M1 * c.C
	return pixels{&c.X[0], &c.Pad[:c.C][0], &c.Offset[c.M0*c.Taps : c.M1*c.Taps][0], &c.Out[c.M0*c.C : last][0],
		&c.Which[c.M0*c.C : last][0], c.Taps, c.M1 - c.M0, c.C, c.C}
}
