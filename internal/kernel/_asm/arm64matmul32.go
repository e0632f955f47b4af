package main

import "fmt"

// Registers of arm64Matmul32, beside those of arm64Sgemm.
const (
	mulRowsReg, mulPadReg      = "R10", "R11" // rows of a tile, padding
	mulCountReg, mulTapsReg    = "R17", "R14" // tiles of rows, taps; rows of outer
	mulTapReg, mulShiftReg     = "R15", "R16"
	mulTailReg                 = "R21" // columns in the last vector
	mulYReg, mulStrideReg      = "R22", "R23"
	mulTilesReg, mulXReg       = "R24", "R4"
	mulRowStep, mulRowsPerTile = "R25", 6
)

// matmul32NEON writes tiles of 6 rows by 4 and 8 columns.
func matmul32NEON(p *printer) {
	for vectors := 1; vectors <= 2; vectors++ {
		m := arm64Matmul32{arm64Sgemm{arm64{p}, mulRowsPerTile, vectors}}
		m.alongRows()
		m.outer()
	}
}

// arm64Matmul32 has the registers of sgemm's tiles.
type arm64Matmul32 struct{ arm64Sgemm }

// begin sets the accumulators to zero, or loads them from the result, to whose rows out points
// temp, one by one.
func (m arm64Matmul32) begin(out func(r int)) {
	m.op("MOVD %s, %s", at(mulAdd), temp)
	m.op("CBNZ %s, add", temp)
	for r := range m.rows {
		for j := range m.vectors {
			m.op("VEOR %s, %[1]s, %[1]s", bytes16(m.sum(r, j)))
		}
	}
	m.op("B start")
	m.line("add:")
	for r := range m.rows {
		out(r)
		last := m.vectors - 1
		m.print(m.loads(last, 0, temp, m.sum(r, 0)))
		m.loadPart(mulTailReg, 16*last, temp, m.sum(r, last), 0, fmt.Sprintf("add%d", r))
	}
	m.line("start:")
}

// end stores the accumulators.
func (m arm64Matmul32) end(out func(r int)) {
	for r := range m.rows {
		out(r)
		last := m.vectors - 1
		m.print(m.stores(m.sum(r, 0), last, 0, temp))
		m.storePart(mulTailReg, m.sum(r, last), 16*last, temp, 0, fmt.Sprintf("row%d", r))
	}
}

// point leaves in register to where the run of a tap is, from its first number on.
func (m arm64Matmul32) point(row int, to string) {
	m.op("MOVD %d(%s), %s", row+mulRowOffset, mulRowsReg, temp)
	m.op("MOVD %d(%s), %s", row+mulRowX, mulRowsReg, to)
	m.op("MOVW (%s)(%s), %[1]s", temp, mulTapReg)
	m.op("CMP $0, %s", temp)
	m.op("ADD %s<<2, %s", temp, to)
	m.op("CSEL LT, %s, %s, %[2]s // padding", mulPadReg, to)
	m.op("ADD %s<<2, %s", mulShiftReg, to)
}

// open begins a routine.
func (m arm64Matmul32) open(name string) {
	m.text(fmt.Sprintf("%s6x%dNEON", name, 4*m.vectors), "arg *block")
	m.op("MOVD %s, %s", at(mulMask), temp)
	m.op("MOVD (%s), %s", temp, mulTailReg)
	m.op("MOVD %s, %s", at(mulRows), mulRowsReg)
	m.op("MOVD %s, %s", at(mulPad), mulPadReg)
	m.op("MOVD %s, %s", at(mulShift), mulShiftReg)
}

// alongRows writes the routine that reads each row along its runs, and the other operand
// packed: tile after tile of six rows.
func (m arm64Matmul32) alongRows() {
	out := func(r int) {
		m.op("MOVD %d(%s), %s", r*mulRow+mulRowOut, mulRowsReg, temp)
		m.op("ADD %s, %s", mulYReg, temp)
	}
	m.open("rows")
	m.op("MOVD %s, %s", at(mulColumn), mulYReg)
	m.op("MOVD %s, %s", at(mulCount), mulCountReg)
	m.line("tile:")
	m.begin(out)
	m.op("MOVD %s, %s", at(mulY), panelReg)
	m.op("MOVD %s, %s", at(mulTaps), mulTapsReg)
	m.op("MOVD %s, %s", at(mulTap), mulTapReg)
	m.line("tap:")
	o := arm64Rows{m.arm64, m.rows, 2}
	for r := range m.rows {
		m.point(r*mulRow, o.run(r))
	}
	m.op("MOVD %s, %s", at(mulDepth), depthReg)
	m.steps(o, false)
	m.op("ADD $4, %s", mulTapReg)
	m.op("SUBS $1, %s", mulTapsReg)
	m.op("BNE tap")
	m.end(out)
	m.op("ADD $%d, %s", m.rows*mulRow, mulRowsReg)
	m.op("SUBS $1, %s", mulCountReg)
	m.op("BNE tile")
	m.op("RET")
}

// outer writes the routine that adds, row after row, the products of six neighbouring numbers
// of x and the columns of y, all of whose vectors are whole: tile after tile of six. Where the
// next row is, is found among the products.
func (m arm64Matmul32) outer() {
	const x, columns = 0, 8
	out := func(r int) {
		if r == 0 {
			m.op("MOVD %s, %s", outReg, temp)
		} else {
			m.op("ADD %s, %s", ldReg, temp)
		}
	}
	m.open("outer")
	m.op("MOVD %s, %s", at(mulTap), mulTapReg)
	m.op("MOVD %s, %s", at(mulOut), outReg)
	m.op("MOVD %s, %s", at(mulLD), ldReg)
	m.op("MOVD %s, %s", at(mulStride), mulStrideReg)
	m.op("MOVD %s, %s", at(mulTiles), mulTilesReg)
	m.op("MOVD $%d, %s", mulRow, mulRowStep)
	m.line("tile:")
	m.begin(out)
	m.op("MOVD %s, %s", at(mulRows), mulRowsReg)
	m.op("MOVD %s, %s", at(mulY), mulYReg)
	m.op("MOVD %s, %s", at(mulCount), mulCountReg)
	m.point(0, mulXReg)
	m.line("row:")
	m.op("FMOVQ (%s), F%d", mulXReg, x)
	m.op("FMOVD 16(%s), F%d", mulXReg, x+1)
	m.print(m.loads(m.vectors, 0, mulYReg, columns))
	m.op("ADD %s, %s", mulStrideReg, mulYReg)
	m.op("SUBS $1, %s", mulCountReg)
	m.op("CSEL EQ, ZR, %s, %s // the last row stands in for one behind it", mulRowStep, temp)
	m.op("ADD %s, %s", temp, mulRowsReg)
	m.spread(m.lines(func() {
		for r := range m.rows {
			for j := range m.vectors {
				m.fmla(m.sum(r, j), columns+j, x+r/4, r%4)
			}
		}
	}), m.lines(func() { m.point(0, mulXReg) }))
	m.op("CBNZ %s, row", mulCountReg)
	m.end(out)
	m.op("ADD %s, %s, %s", ldReg, temp, outReg)
	m.op("ADD $%d, %s", m.rows, mulShiftReg)
	m.op("SUBS $1, %s", mulTilesReg)
	m.op("BNE tile")
	m.op("RET")
}
