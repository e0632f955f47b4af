//go:build !noasm

package sgemm

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . sgemm ../sgemm

// archTable lists the kernels of arm64.
var archTable = []Kernel{{
	Row: kernel.Row{Name: "gemm_f32_8x8_neon", Tile: "8x8", ISA: "neon", Requires: cpu.NEON},
	MR:  8, NR: 8, Block: 96, Rate: 15,
	Pack: neon.pack, PackCodes: neon.packCodes, Work: neon.work, Run: neon.run,
	Size: neon.size, Place: neon.place, Fill: neon.fill,
}}

//go:noescape
func tilesNEON(routine int, arg *tile)

//go:noescape
func widen1NEON(arg *widening)

//go:noescape
func widen2NEON(arg *widening)

func wideNEON(to []float32, codes []int8, scales, zeros []float32) {
	w := newWidening(to, codes, scales, zeros)
	if len(scales) == 4 {
		widen1NEON(&w)
	} else {
		widen2NEON(&w)
	}
}

var neon = family{lanes: 4, heights: []int{1, 2, 4, 8}, widen: wideNEON}

// tiles runs the routine for heights[index] and registers.
func (f *family) tiles(index, registers int, t *tile) {
	tilesNEON((registers-1)*len(f.heights)+index, t)
}

// fillTransposed fills a panel of so many columns from rows, each of one column.
func fillTransposed(panel, x []float32, stride, width, cols, k int) {
	for c := range width {
		fillColumn(panel, x, stride, width, c, cols, k)
	}
}
