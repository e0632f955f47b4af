package main

import (
	"fmt"
	"strings"
)

// layoutNEON writes the routines that interleave planes and those that transpose strips.
func layoutNEON(p *printer) {
	a := arm64{p}
	for _, planes := range []int{3, 2} {
		a.interleave(planes, "Bytes", bytes16)
		a.interleave(planes, "Numbers", words4)
	}
	a.transposeBytes()
	a.transposeNumbers()
}

// interleave writes the routine for blocks of a vector of each plane.
func (a arm64) interleave(planes int, elements string, arr func(int) string) {
	const dst, blocks = "R4", "R5"
	a.text(fmt.Sprintf("interleave%d%sNEON", planes, elements), "arg *planes")
	a.op("MOVD %s, R1", at(planesSrc))
	a.op("MOVD %s, %s", at(planesPlane), temp2)
	for i := 1; i < planes; i++ {
		a.op("ADD %s, R%d, R%d", temp2, []int{0, 1, 6}[i], []int{1, 6, 7}[i])
	}
	a.op("MOVD %s, %s", at(planesDst), dst)
	a.op("MOVD %s, %s", at(planesBlocks), blocks)
	a.line("block:")
	var vectors []string
	for i := range planes {
		a.op("FMOVQ.P 16(R%d), F%d", []int{1, 6, 7}[i], i)
		vectors = append(vectors, arr(i))
	}
	a.op("VST%d.P [%s], %d(%s)", planes, strings.Join(vectors, ", "), 16*planes, dst)
	a.op("SUBS $1, %s", blocks)
	a.op("BNE block")
	a.op("RET")
}

// Registers of strips, of which R1 to R16 point to rows.
const (
	stripRow   = 1
	stripLeft  = "R17"
	stripTo    = "R19"
	stripBy    = "R20"
	stripApart = "R21"
)

// strip loads the argument, for that many rows.
func (a arm64) strip(rows int) {
	a.op("MOVD %s, R%d", at(stripSrc), stripRow)
	a.op("MOVD %s, %s", at(stripStride), stripApart)
	for r := 1; r < rows; r++ {
		a.op("ADD %s, R%d, R%d", stripApart, stripRow+r-1, stripRow+r)
	}
	a.op("MOVD %s, %s", at(stripDst), stripTo)
	a.op("MOVD %s, %s", at(stripLine), stripBy)
	a.op("MOVD %s, %s", at(stripBlocks), stripLeft)
}

// columns stores vectors from register v on as columns, and ends the loop over blocks.
func (a arm64) columns(count, v int) {
	for c := range count {
		a.op("FMOVQ F%d, (%s)", v+c, stripTo)
		a.op("ADD %s, %s", stripBy, stripTo)
	}
	a.op("SUBS $1, %s", stripLeft)
	a.op("BNE block")
	a.op("RET")
}

// transposeBytes makes eight columns of sixteen rows contiguous, by interleaving rows that
// are half of all apart, four times.
func (a arm64) transposeBytes() {
	a.text("transposeBytesNEON", "arg *operand.Strip")
	a.strip(16)
	a.line("block:")
	for r := range 16 {
		a.op("FMOVD.P 8(R%d), F%d", stripRow+r, r)
	}
	for r := range 8 {
		a.op("VZIP1 %s, %s, %s", bytes16(r+8), bytes16(r), bytes16(16+r))
	}
	from, to := 16, 0
	for _, half := range []int{4, 2, 1} {
		// Register r*k+i holds part i, of k, of what rows r, r+8, ... have become.
		k := 4 / half
		for r := range half {
			for i := range k {
				x, y := from+r*k+i, from+(r+half)*k+i
				a.op("VZIP1 %s, %s, %s", bytes16(y), bytes16(x), bytes16(to+r*2*k+2*i))
				a.op("VZIP2 %s, %s, %s", bytes16(y), bytes16(x), bytes16(to+r*2*k+2*i+1))
			}
		}
		from, to = to, from
	}
	a.columns(8, from)
}

// transposeNumbers makes four columns of four rows contiguous.
func (a arm64) transposeNumbers() {
	a.text("transposeNumbersNEON", "arg *operand.Strip")
	a.strip(4)
	a.line("block:")
	for r := range 4 {
		a.op("FMOVQ.P 16(R%d), F%d", stripRow+r, r)
	}
	for i := range 2 { // rows i and i+2
		a.op("VZIP1 %s, %s, %s", words4(i+2), words4(i), words4(4+2*i))
		a.op("VZIP2 %s, %s, %s", words4(i+2), words4(i), words4(5+2*i))
	}
	for i := range 2 { // columns i*2 and i*2+1
		a.op("VZIP1 %s, %s, %s", words4(6+i), words4(4+i), words4(16+2*i))
		a.op("VZIP2 %s, %s, %s", words4(6+i), words4(4+i), words4(17+2*i))
	}
	a.columns(4, 16)
}
