//go:build !noasm

package gemm8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/operand"
)

//go:noescape
func tilesAVX2Words(routine int, arg *tile)

//go:noescape
func widenAVX2(arg *rowsOf)

//go:noescape
func crossAVX2(arg *rowsOf)

// words256 multiplies with VPMADDWD, as pairs256 does, but half as often, by Winograd's formula for
// inner products, and codes are words before it begins: each is widened once, not for every panel.
// Two groups of codes are multiplied crosswise.
var words256 = family{
	lanes: 8, routines: wordPairs, group: 2, filled: 2, widen: widened,
	widths: []width{{1, []int{1, 2, 4}}, {2, []int{1, 2, 4}}},
}

// The row for weights whose products leave 16 bits after a step or two, so that the row of
// VPMADDUBSW widens as often as it multiplies. Its speed depends on no operand.
var avx2Words = func() Kernel {
	k := words256.row("avx2", 85, cpu.AVX2|cpu.FMA)
	k.Name = "fip_u8s8_4x16_avx2" // fast inner product
	k.Suits = func(s Shape) bool { return s.N > k.NR && s.N*s.K >= leastShort(s.Gathered) }
	return k
}()

// widened copies the rows of c to Work, as words, with the runs of a row joined. In front of each row
// is its term of the formula.
func widened(c *Call) operand.Matrix[uint8] {
	front := widenedPitch(0)
	rows, k := c.M1-c.M0, c.Taps*c.Depth
	pitch := widenedPitch(k)
	all := unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(c.Work))), len(c.Work)*8)
	to := all[rows*edgeColumns*4:][:rows*pitch][front:]
	a := rowsOf{pitch: pitch, depth: c.Depth}
	for m := c.M0; m < c.M1; m += a.count {
		a.count = c.Together(m, c.M1) - m
		operand.Lead(&a.Cursor, &c.Matrix, m, m+a.count)
		a.to = &to[(m-c.M0)*pitch]
		widenAVX2(&a)
	}
	a.to, a.count = &to[0], rows
	crossAVX2(&a)
	return operand.Matrix[uint8]{X: to, Pad: to, Taps: 1, Depth: 2 * roundUp(k, 4), Stride: pitch, Base: -c.M0 * pitch}
}
