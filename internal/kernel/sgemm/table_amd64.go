//go:build !noasm

package sgemm

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
)

//go:generate go run -C ../_asm . sgemm ../sgemm

// archTable lists the kernels of amd64, best first. Accumulators run over K in order
// with one rounding per multiply-add, so rows of this table differ from each other only
// where they multiply and add apart.
var archTable = []Kernel{
	{
		Row: kernel.Row{Name: "gemm_f32_14x32_avx512", Tile: "14x32", ISA: "avx512", Requires: cpu.AVX512},
		MR:  14, NR: 32, Block: 112, Rate: 90,
		Pack: avx512.pack, PackCodes: avx512.packCodes, Work: avx512.work, Run: avx512.run,
		Size: avx512.size, Place: avx512.place, Fill: avx512.fill,
	},
	{
		Row: kernel.Row{Name: "gemm_f32_6x16_avx2", Tile: "6x16", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA},
		MR:  6, NR: 16, Block: 96, Rate: 50,
		Pack: avx2.pack, PackCodes: avx2.packCodes, Work: avx2.work, Run: avx2.run,
		Size: avx2.size, Place: avx2.place, Fill: avx2.fill,
	},
}

//go:noescape
func tilesAVX2(routine int, arg *tile)

//go:noescape
func transposeNumbersAVX2(arg *operand.Strip)

//go:noescape
func tilesAVX512(routine int, arg *tile)

//go:noescape
func widen1AVX2(arg *widening)

//go:noescape
func widen2AVX2(arg *widening)

//go:noescape
func widen1AVX512(arg *widening)

//go:noescape
func widen2AVX512(arg *widening)

func wideAVX2(to []float32, codes []int8, scales, zeros []float32) {
	w := newWidening(to, codes, scales, zeros)
	if len(scales) == 8 {
		widen1AVX2(&w)
	} else {
		widen2AVX2(&w)
	}
}

func wideAVX512(to []float32, codes []int8, scales, zeros []float32) {
	w := newWidening(to, codes, scales, zeros)
	if len(scales) == 16 {
		widen1AVX512(&w)
	} else {
		widen2AVX512(&w)
	}
}

var (
	avx512 = family{lanes: 16, heights: []int{1, 4, 7, 14}, masked: true, widen: wideAVX512}
	avx2   = family{lanes: 8, heights: []int{1, 2, 3, 4, 5, 6}, abreast: 4, widen: wideAVX2}
)

// tiles runs the routine for heights[index] and registers.
func (f *family) tiles(index, registers int, t *tile) {
	routine := (registers-1)*len(f.heights) + index
	if f.masked {
		tilesAVX512(routine, t)
	} else {
		tilesAVX2(routine, t)
	}
}

// fillTransposed fills a panel of so many columns from rows, each of one column.
func fillTransposed(panel, x []float32, stride, width, cols, k int) {
	const rows, block = 8, 4 // of a strip, numbers of each
	c := 0
	for ; k >= block && c+rows <= cols; c += rows {
		from := x[c*stride:]
		_ = from[(rows-1)*stride+k-1]
		strip := operand.Across(&from[0], &panel[c], stride, width, k/block)
		transposeNumbersAVX2(&strip)
		if last := k - block; k%block != 0 {
			strip = operand.Across(&from[last], &panel[last*width+c], stride, width, 1)
			transposeNumbersAVX2(&strip)
		}
	}
	for ; c < width; c++ {
		fillColumn(panel, x, stride, width, c, cols, k)
	}
}
