//go:build !noasm

package layout

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
)

//go:generate go run -C ../_asm . layout ../layout

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "interleave3_x8_neon", ISA: "neon", Requires: cpu.NEON}, Size: 1, Rows: 3, Run: func(c *Call) { c.interleave(1, 3) }},
	{Row: kernel.Row{Name: "interleave3_x32_neon", ISA: "neon", Requires: cpu.NEON}, Size: 4, Rows: 3, Run: func(c *Call) { c.interleave(4, 3) }},
	{Row: kernel.Row{Name: "interleave2_x8_neon", ISA: "neon", Requires: cpu.NEON}, Size: 1, Rows: 2, Run: func(c *Call) { c.interleave(1, 2) }},
	{Row: kernel.Row{Name: "interleave2_x32_neon", ISA: "neon", Requires: cpu.NEON}, Size: 4, Rows: 2, Run: func(c *Call) { c.interleave(4, 2) }},
	{Row: kernel.Row{Name: "transpose_x8_neon", ISA: "neon", Requires: cpu.NEON}, Size: 1, Run: strips{1, 16, 8}.run},
	{Row: kernel.Row{Name: "transpose_x32_neon", ISA: "neon", Requires: cpu.NEON}, Size: 4, Run: strips{4, 4, 4}.run},
}

//go:noescape
func interleave3BytesNEON(arg *planes)

//go:noescape
func interleave3NumbersNEON(arg *planes)

//go:noescape
func interleave2BytesNEON(arg *planes)

//go:noescape
func interleave2NumbersNEON(arg *planes)

//go:noescape
func transposeBytesNEON(arg *operand.Strip)

//go:noescape
func transposeNumbersNEON(arg *operand.Strip)

func transposeBytes(arg *operand.Strip)   { transposeBytesNEON(arg) }
func transposeNumbers(arg *operand.Strip) { transposeNumbersNEON(arg) }

// interleave joins two or three planes of elements of size bytes. A last vector that is not
// whole overlaps the one before it.
func (c *Call) interleave(size, count int) {
	block := 16 / size
	p, ok := c.planes(size, block)
	if !ok {
		strips{size: size}.few(c)
		return
	}
	p.interleave(size, count)
	if done := c.Cols - block; c.Cols%block != 0 {
		p.src, p.dst, p.blocks = &c.Src[size*done], &c.Dst[count*size*done], 1
		p.interleave(size, count)
	}
}

func (p *planes) interleave(size, count int) {
	switch {
	case size == 1 && count == 3:
		interleave3BytesNEON(p)
	case size == 1:
		interleave2BytesNEON(p)
	case count == 3:
		interleave3NumbersNEON(p)
	default:
		interleave2NumbersNEON(p)
	}
}
