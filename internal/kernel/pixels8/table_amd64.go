//go:build !noasm

package pixels8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . pixels8 ../pixels8

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "pixels_transform_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Transform, Run: runTransform},
	{Row: kernel.Row{Name: "pixels_double_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Double, Run: runDouble},
	{Row: kernel.Row{Name: "pixels_both_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Both, Run: runBoth},
	{Row: kernel.Row{Name: "pixels_color_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Color, Run: runColor},
	{Row: kernel.Row{Name: "pixels_row_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Row, Run: runRow},
	{Row: kernel.Row{Name: "pixels_column_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Column, Run: runColumn},
}

// samples is the argument of an assembly routine. Which fields have a meaning depends on it.
type samples struct {
	out, a, b, c    *uint8
	coeff, quant    *int16
	starts, weights *int32
	stride          int // bytes
	taps            int // of a sum; row: pairs of taps
	blocks          int // of 8x8 samples, 16 samples, 1 pixel (row) or 32 bytes (column)
}

//go:noescape
func transformAVX2(arg *samples)

//go:noescape
func doubleAVX2(arg *samples)

//go:noescape
func bothAVX2(arg *samples)

//go:noescape
func colorAVX2(arg *samples)

//go:noescape
func rowAVX2(arg *samples)

//go:noescape
func columnAVX2(arg *samples)

func runTransform(c *Call) {
	n := len(c.Coeff) / 64
	if n == 0 {
		return
	}
	_ = c.Out[7*c.Stride+8*n-1]
	transformAVX2(&samples{out: &c.Out[0], coeff: &c.Coeff[0], quant: &c.Quant[0], stride: c.Stride, blocks: n})
}

// block is the samples of a block of chroma or pixels.
const block = 16

// inner are the blocks of a row whose samples all have two neighbours; the last one begins at
// last and may overlap the one before.
func inner(n int) (blocks, last int) { return (n - 2) / block, n - 1 - block }

func runDouble(c *Call) {
	n := len(c.A)
	blocks, last := inner(n)
	if blocks < 1 {
		double(c, 0, n)
		return
	}
	_ = c.Out[2*n-1]
	double(c, 0, 1)
	doubleAVX2(&samples{out: &c.Out[2], a: &c.A[1], blocks: blocks})
	doubleAVX2(&samples{out: &c.Out[2*last], a: &c.A[last], blocks: 1})
	double(c, n-1, n)
}

func runBoth(c *Call) {
	n := len(c.A)
	blocks, last := inner(n)
	if blocks < 1 {
		both(c, 0, n)
		return
	}
	_, _ = c.Out[2*n-1], c.B[n-1]
	both(c, 0, 1)
	bothAVX2(&samples{out: &c.Out[2], a: &c.A[1], b: &c.B[1], blocks: blocks})
	bothAVX2(&samples{out: &c.Out[2*last], a: &c.A[last], b: &c.B[last], blocks: 1})
	both(c, n-1, n)
}

func runColor(c *Call) {
	blocks := len(c.A) / block
	if blocks > 0 {
		n := blocks * block
		_, _, _ = c.Out[3*n-1], c.B[n-1], c.C[n-1]
		colorAVX2(&samples{out: &c.Out[0], a: &c.A[0], b: &c.B[0], c: &c.C[0], blocks: blocks})
	}
	color(c, blocks*block)
}

// runRow leaves to portable code the pixels at the end, where a pair of taps, which is read as
// eight bytes, would go beyond A.
func runRow(c *Call) {
	const beyond = 2 // bytes behind a pair of pixels
	n := len(c.Starts)
	for n > 0 && 3*(int(c.Starts[n-1])+c.Taps)+beyond > len(c.A) {
		n--
	}
	if c.Taps%2 != 0 {
		n = 0
	}
	if n > 0 {
		_, _ = c.Out[3*n-1], c.Weights[n*c.Taps-1]
		rowAVX2(&samples{out: &c.Out[0], a: &c.A[0], starts: &c.Starts[0], weights: &c.Weights[0], taps: c.Taps / 2, blocks: n})
	}
	row(c, n)
}

func runColumn(c *Call) {
	const bytes = 32
	n := len(c.Out)
	if n < bytes || c.Taps == 0 {
		column(c, 0)
		return
	}
	_, _ = c.A[(c.Taps-1)*c.Stride+n-1], c.Weights[c.Taps-1]
	arg := samples{out: &c.Out[0], a: &c.A[0], weights: &c.Weights[0], stride: c.Stride, taps: c.Taps, blocks: n / bytes}
	columnAVX2(&arg)
	if n%bytes != 0 {
		last := n - bytes
		arg.out, arg.a, arg.blocks = &c.Out[last], &c.A[last], 1
		columnAVX2(&arg)
	}
}
