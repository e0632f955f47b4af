//go:build !noasm

package matmul32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . matmul32 ../matmul32

// archTable lists the kernels of amd64, best first. Products are added with one
// rounding each (FMA).
var archTable = []Kernel{
	{
		Row: kernel.Row{Name: "matmul_f32_6x64_avx512", Tile: "6x64", ISA: "avx512", Requires: cpu.AVX512},
		MR:  tileRows, NR: 64,
		lanes: 16, rows: avx512.rows, outer: avx512.outer,
	},
	{
		Row: kernel.Row{Name: "matmul_f32_6x16_avx2", Tile: "6x16", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA},
		MR:  tileRows, NR: 16,
		lanes: 8, rows: avx2.rows, outer: avx2.outer,
	},
}

//go:noescape
func rows6x8AVX2(arg *block)

//go:noescape
func rows6x16AVX2(arg *block)

//go:noescape
func rows6x16AVX512(arg *block)

//go:noescape
func rows6x32AVX512(arg *block)

//go:noescape
func rows6x48AVX512(arg *block)

//go:noescape
func rows6x64AVX512(arg *block)

//go:noescape
func outer6x8AVX2(arg *block)

//go:noescape
func outer6x16AVX2(arg *block)

//go:noescape
func outer6x16AVX512(arg *block)

//go:noescape
func outer6x32AVX512(arg *block)

//go:noescape
func outer6x48AVX512(arg *block)

//go:noescape
func outer6x64AVX512(arg *block)

var (
	avx512 = family{lanes: 16, widest: 4, masks: true}
	avx2   = family{lanes: 8, widest: 2, masks: true}
)

// width returns the vectors that cover columns, and the mask of the last one.
func (f *family) width(columns int) (vectors int, mask unsafe.Pointer) {
	vectors = (columns + f.lanes - 1) / f.lanes
	last := columns - (vectors-1)*f.lanes
	if f.lanes == 16 {
		return vectors, unsafe.Pointer(&masks512[last])
	}
	return vectors, unsafe.Pointer(&masks256[8-last])
}

// masks512 has the first n bits set at n; eight numbers of masks256 from 8-n on
// have n of them set.
var (
	masks512 [17]uint64
	masks256 = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}
)

func init() {
	for n := range masks512 {
		masks512[n] = 1<<n - 1
	}
}

// rowsTile runs the tile that many vectors wide. The calls are written out
// because an argument of a function value would be allocated on the heap.
func (f *family) rowsTile(vectors int, b *block) {
	switch {
	case f.lanes == 8 && vectors == 1:
		rows6x8AVX2(b)
	case f.lanes == 8:
		rows6x16AVX2(b)
	case vectors == 1:
		rows6x16AVX512(b)
	case vectors == 2:
		rows6x32AVX512(b)
	case vectors == 3:
		rows6x48AVX512(b)
	default:
		rows6x64AVX512(b)
	}
}

func (f *family) outerTile(vectors int, b *block) {
	switch {
	case f.lanes == 8 && vectors == 1:
		outer6x8AVX2(b)
	case f.lanes == 8:
		outer6x16AVX2(b)
	case vectors == 1:
		outer6x16AVX512(b)
	case vectors == 2:
		outer6x32AVX512(b)
	case vectors == 3:
		outer6x48AVX512(b)
	default:
		outer6x64AVX512(b)
	}
}
