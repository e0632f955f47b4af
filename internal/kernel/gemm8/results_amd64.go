package gemm8

import (
	"math"
	"unsafe"

	"github.com/octet-ml/octet/quant"
)

// tileRows is the number of rows of the tiles here. There are tiles of one row
// besides, for what is left.
const tileRows = 6

// tilesOf divides rows into whole tiles. Where more than two are left over, the
// last over rows make one more tile, which overlaps the one before it; otherwise
// over is 0, and what is left over is computed row by row.
func tilesOf(rows int) (whole, over int) {
	whole = rows / tileRows
	if whole > 0 && rows%tileRows > 2 {
		over = tileRows
	}
	return whole, over
}

// results are the part of an assembly routine's argument that says what becomes
// of the sums of tiles, one below the other: with rule storeSums
// they are stored as they are, ld bytes from row to row, otherwise as codes, with
// bias and multiplier of the panel's columns. Routines count tiles down; how
// far they are is kept apart from pointers, which must never leave their object.
type results struct {
	tiles   int
	out     unsafe.Pointer
	ld      int
	rule    int
	bias    unsafe.Pointer
	mult    unsafe.Pointer
	_       int // how far the routine is, in bytes from out
	biasMul float32
	zero    int16
	lo, hi  uint8
}

// The values of results.rule.
const (
	storeSums = iota
	addBias
	intBias
	fusedBias
)

// rules are their values by quant's.
var rules = [...]int{quant.AddBias: addBias, quant.FusedBias: fusedBias, quant.IntBias: intBias}

// factors sets what becomes of the columns from n on.
func (s *results) factors(r *Rule, n int) {
	if r == nil {
		return
	}
	q := r.rule
	s.rule, s.biasMul, s.zero, s.lo, s.hi = rules[q.Rule], q.BiasMul, int16(q.Zero), uint8(q.Lo), uint8(q.Hi)
	s.bias, s.mult = unsafe.Pointer(&r.bias[n]), unsafe.Pointer(&r.mult[n])
}

// place sets where count tiles of height rows from row m, column n on are stored.
func (s *results) place(c *Call, m, n, count, height, cols int) {
	s.tiles = count
	first, last := m-c.M0, m-c.M0+count*height-1
	if s.rule == storeSums {
		width := c.N1 - c.N0
		at := c.Acc[first*width+n-c.N0 : last*width+n-c.N0+cols]
		s.out, s.ld = unsafe.Pointer(&at[0]), width*4
	} else {
		at := c.Out[first*c.LD+n-c.N0 : last*c.LD+n-c.N0+cols]
		s.out, s.ld = unsafe.Pointer(&at[0]), c.LD
	}
}

// edge takes one tile whose columns are not whole registers.
type edge [tileRows * 16]int32

// divert makes one tile go to an edge, whose rows have 16 results; the caller
// sets out, for the sake of escape analysis.
func (s *results) divert() {
	s.tiles, s.ld = 1, 16*4
	if s.rule != storeSums {
		s.ld = 16
	}
}

// store copies the rows and columns that exist, from row m, column n on.
func (e *edge) store(c *Call, rule *Rule, m, n, rows, cols int) {
	codes := (*[len(e) * 4]uint8)(unsafe.Pointer(e))
	for r := range rows {
		row := m - c.M0 + r
		if rule == nil {
			copy(c.Acc[row*(c.N1-c.N0)+n-c.N0:][:cols], e[r*16:])
		} else {
			copy(c.Out[row*c.LD+n-c.N0:][:cols], codes[r*16:])
		}
	}
}

// packRule pads the factors of the columns to whole registers.
func packRule(w *Weights, q *quant.Requant, first int) *Rule {
	if q.Rule == quant.RealBias {
		return nil
	}
	np := roundUp(w.N, 16)
	r := &Rule{rule: q, bias: make([]uint32, np), mult: make([]float32, np)}
	for n := range w.N {
		r.mult[n] = q.Mult[first+n]
		if q.Rule == quant.IntBias {
			r.bias[n] = uint32(q.BiasInt[first+n])
		} else {
			r.bias[n] = math.Float32bits(q.Bias[first+n])
		}
	}
	return r
}
