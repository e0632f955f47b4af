package gemm8

import (
	"fmt"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:noescape
func tilesAVX512VNNI(routine int, arg *tile)

//go:noescape
func tilesAVXVNNI(routine int, arg *tile)

// The families that multiply with VPDPBUSD, on 512 and on 256 bits.
var (
	vnni512 = family{lanes: 16, masked: true, widths: []width{
		{1, []int{1, 4, 7, 14}}, {2, []int{1, 4, 7, 14}}, {4, []int{1, 2, 3, 4, 5, 6}},
	}}
	vnni256 = family{lanes: 8, widths: []width{{1, []int{1, 3, 6}}, {2, []int{1, 3, 6}}}}
)

var avx512VNNI = vnni512.row("avx512vnni", 350, cpu.AVX512|cpu.AVX512VNNI)

var avxVNNI = vnni256.row("avxvnni", 200, cpu.AVX2|cpu.FMA|cpu.AVXVNNI)

// tiles runs a routine. The calls are written out because the argument of a
// function value would be allocated on the heap.
func (f *family) tiles(routine int, arg *tile) {
	if f.masked {
		tilesAVX512VNNI(routine, arg)
	} else {
		tilesAVXVNNI(routine, arg)
	}
}

// row makes the family a row of the table.
func (f *family) row(isa string, rate int, requires cpu.Features) Kernel {
	heights := f.widest().heights
	tallest := heights[len(heights)-1]
	return Kernel{
		Row: kernel.Row{Name: fmt.Sprintf("gemm_u8s8_%dx%d_%s", tallest, f.columns(), isa), ISA: isa, Requires: requires},
		MR:  tallest, NR: f.columns(),
		Block: 96, Exact: true, Rate: rate,
		Pack:     f.pack,
		Work:     f.work,
		Run:      func(c *Call) { f.run(c, nil) },
		PackRule: packRule,
		RunCodes: func(c *Call) { f.run(c, c.Rule) },
	}
}
