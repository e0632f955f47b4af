//go:build !noasm

package gemm8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/quant"
)

//go:generate go run -C ../_asm . gemm8 ../gemm8

// archTable lists the kernels of arm64, best first.
var archTable = []Kernel{
	i8mm.arm64("i8mm", 150, cpu.NEON|cpu.I8MM),
	dotProd.arm64("dotprod", 75, cpu.NEON|cpu.DotProd),
	neon.arm64("neon", 15, cpu.NEON),
}

//go:noescape
func tilesI8MM(routine int, arg *tile)

//go:noescape
func tilesDotProd(routine int, arg *tile)

//go:noescape
func tilesNEON(routine int, arg *tile)

// The families that multiply with USMMLA, with SDOT, and with SMULL and SMLAL.
var (
	i8mm = family{lanes: 4, routines: usmmla, group: 8, widths: []width{
		{1, []int{1, 2, 4, 8}}, {2, []int{1, 2, 4, 8}},
	}}
	dotProd = family{lanes: 4, routines: sdot, tails: true, joins: true, flips: true, widths: []width{
		{1, []int{1, 4, 8}}, {2, []int{1, 4, 8}}, {4, []int{1, 2, 3, 4}},
	}}
	neon = family{lanes: 4, routines: smull, group: 16, flips: true, apart: 3, widths: []width{{1, []int{1, 2, 4}}}}
)

// arm64 is row with the rules of arm64.
func (f *family) arm64(isa string, rate int, requires cpu.Features) Kernel {
	k := f.row(isa, rate, requires)
	k.PackRule = func(w *Weights, q *quant.Requant, first int) *Rule {
		r := packRule(w, q, first)
		if p, ok := w.Data.(*grouped); ok {
			r.constants.Rule |= rule.Arm64(q, first, f.magnitudes(p, w.N))
		} else {
			r.constants.Rule |= rule.LargeOf(q, first, w.N)
		}
		return r
	}
	return k
}

// magnitudes adds up the magnitudes of the weights of each column.
func (f *family) magnitudes(p *grouped, n int) []int64 {
	sums := make([]int64, p.columns)
	perColumn := len(p.data) / p.columns
	for first := 0; first < p.columns; first += f.columns() {
		width := min(f.columns(), p.columns-first)
		panel := p.data[first*perColumn:][:width*perColumn]
		for i, v := range panel {
			sums[first+i/f.codes()%width] += int64(max(int(v), -int(v)))
		}
	}
	return sums[:n]
}

// routines are those of a family.
type routines int

const (
	usmmla routines = iota
	sdot
	smull
)

// tiles runs a routine. The calls are written out because the argument of a
// function value would be allocated on the heap.
func (f *family) tiles(routine int, arg *tile) {
	switch f.routines {
	case usmmla:
		tilesI8MM(routine, arg)
	case sdot:
		tilesDotProd(routine, arg)
	case smull:
		tilesNEON(routine, arg)
	}
}
