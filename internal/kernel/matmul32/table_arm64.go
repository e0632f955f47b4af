//go:build !noasm

package matmul32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . matmul32 ../matmul32

// archTable lists the kernels of arm64. Products are added with one rounding each.
var archTable = []Kernel{{
	Row: kernel.Row{Name: "matmul_f32_6x8_neon", Tile: "6x8", ISA: "neon", Requires: cpu.NEON},
	MR:  tileRows, NR: 8,
	lanes: 4, rows: neon.rows, outer: neon.outer,
}}

//go:noescape
func rows6x4NEON(arg *block)

//go:noescape
func rows6x8NEON(arg *block)

//go:noescape
func outer6x4NEON(arg *block)

//go:noescape
func outer6x8NEON(arg *block)

var neon = family{lanes: 4, widest: 2}

// tails are the numbers of columns in the last vector.
var tails = [5]int{0, 1, 2, 3, 4}

// width returns the vectors that cover columns, and how many the last one has.
func (f *family) width(columns int) (vectors int, tail unsafe.Pointer) {
	vectors = (columns + f.lanes - 1) / f.lanes
	return vectors, unsafe.Pointer(&tails[columns-(vectors-1)*f.lanes])
}

// rowsTile runs the tile that many vectors wide. The calls are written out because an
// argument of a function value would be allocated on the heap.
func (f *family) rowsTile(vectors int, b *block) {
	if vectors == 1 {
		rows6x4NEON(b)
	} else {
		rows6x8NEON(b)
	}
}

func (f *family) outerTile(vectors int, b *block) {
	if vectors == 1 {
		outer6x4NEON(b)
	} else {
		outer6x8NEON(b)
	}
}
