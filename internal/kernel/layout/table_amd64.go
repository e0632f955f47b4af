//go:build !noasm

package layout

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
)

//go:generate go run -C ../_asm . layout ../layout

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "interleave3_x8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Size: 1, Rows: 3, Run: bytesAVX2},
	{Row: kernel.Row{Name: "interleave3_x32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Size: 4, Rows: 3, Run: numbersAVX512},
	{Row: kernel.Row{Name: "interleave3_x32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Size: 4, Rows: 3, Run: numbersAVX2},
	{Row: kernel.Row{Name: "interleave2_x8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Size: 1, Rows: 2, Run: twoBytesAVX2},
	{Row: kernel.Row{Name: "interleave2_x32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Size: 4, Rows: 2, Run: twoNumbersAVX2},
	{Row: kernel.Row{Name: "transpose_x8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Size: 1, Run: strips{1, 16, 8}.run},
	{Row: kernel.Row{Name: "transpose_x32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Size: 4, Run: strips{4, 8, 4}.run},
}

//go:noescape
func transposeBytesAVX2(arg *operand.Strip)

//go:noescape
func transposeNumbersAVX2(arg *operand.Strip)

//go:noescape
func interleaveBytesAVX2(arg *planes)

//go:noescape
func interleaveNumbersAVX2(arg *planes)

//go:noescape
func interleaveNumbersAVX512(arg *planes)

//go:noescape
func interleaveTwoBytesAVX2(arg *planes)

//go:noescape
func interleaveTwoNumbersAVX2(arg *planes)

// twoBytesAVX2 is often called for the channels of one pixel, which end in a vector
// that overlaps the one before it.
func twoBytesAVX2(c *Call) {
	const block = 32
	p, ok := c.planes(1, block)
	if !ok {
		transpose(c.Dst, c.Src, 2, c.Cols, c.Stride)
		return
	}
	interleaveTwoBytesAVX2(&p)
	if done := c.Cols - block; c.Cols%block != 0 {
		p.src, p.dst, p.blocks = &c.Src[done], &c.Dst[2*done], 1
		interleaveTwoBytesAVX2(&p)
	}
}

func twoNumbersAVX2(c *Call) {
	const block = 8
	p, ok := c.planes(4, block)
	if !ok {
		transpose(elements[uint32](c.Dst), elements[uint32](c.Src), 2, c.Cols, c.Stride)
		return
	}
	interleaveTwoNumbersAVX2(&p)
	if done := c.Cols - block; c.Cols%block != 0 {
		p.src, p.dst, p.blocks = &c.Src[4*done], &c.Dst[8*done], 1
		interleaveTwoNumbersAVX2(&p)
	}
}

func bytesAVX2(c *Call) {
	if p, ok := c.planes(1, 16); ok {
		interleaveBytesAVX2(&p)
	}
	done := c.Cols / 16 * 16
	transpose(c.Dst[done*3:], c.Src[done:], 3, c.Cols-done, c.Stride)
}

func numbersAVX2(c *Call) {
	if p, ok := c.planes(4, 8); ok {
		interleaveNumbersAVX2(&p)
	}
	c.restOfNumbers(c.Cols / 8 * 8)
}

func numbersAVX512(c *Call) {
	if p, ok := c.planes(4, 16); ok {
		interleaveNumbersAVX512(&p)
	}
	c.restOfNumbers(c.Cols / 16 * 16)
}

func (c *Call) restOfNumbers(done int) {
	transpose(elements[uint32](c.Dst)[done*3:], elements[uint32](c.Src)[done:], 3, c.Cols-done, c.Stride)
}

func transposeBytes(arg *operand.Strip)   { transposeBytesAVX2(arg) }
func transposeNumbers(arg *operand.Strip) { transposeNumbersAVX2(arg) }
