package main

import "fmt"

// The fields of matmul32.block.
const (
	mulRows, mulCount, mulTap, mulPad = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	mulY, mulOut, mulMask, mulAdd     = "32(DI)", "40(DI)", "48(DI)", "56(DI)"
	mulShift                          = "64(DI)"
	// of rows
	mulTaps, mulDepth, mulColumn = "72(DI)", "80(DI)", "88(DI)"
	// of outer
	mulTiles, mulStride, mulLD = "72(DI)", "80(DI)", "88(DI)"
)

// mulRowRegs point to the rows of a tile.
var mulRowRegs = rowRegs[:6]

// The fields of matmul32.row, which is 24 bytes long.
const mulRowX, mulRowOffset, mulRowOut, mulRow = 0, 8, 16, 24

// matmul32AVX512 writes tiles of 6 rows by 16, 32, 48 and 64 columns.
func matmul32AVX512(p *printer) {
	for vectors := 1; vectors <= 4; vectors++ {
		m := matmul32{avx512, vectors}
		m.rows(p)
		m.outer(p)
	}
}

// matmul32AVX2 writes tiles of 6 rows by 8 and 16 columns.
func matmul32AVX2(p *printer) {
	for vectors := 1; vectors <= 2; vectors++ {
		m := matmul32{avx2, vectors}
		m.rows(p)
		m.outer(p)
	}
}

// matmul32 is one width of tile. Its accumulators are in registers 0 to 6*vectors-1, the
// vectors of columns and the broadcast number of a row behind them, and for AVX2 the mask of
// the last column in the last register.
type matmul32 struct {
	lanes
	vectors int
}

// maskRegister holds, for AVX2, the mask of the last vector of columns.
const maskRegister = 15

func (m matmul32) columns() int        { return m.vectors * m.bytes / 4 }
func (m matmul32) sum(r, j int) string { return m.r(r*m.vectors + j) }
func (m matmul32) column(j int) string { return m.r(len(mulRowRegs)*m.vectors + j) }
func (m matmul32) number(r int) string {
	if m.lanes == avx512 {
		return m.r(len(mulRowRegs)*m.vectors + m.vectors + r%2)
	}
	return m.r(len(mulRowRegs)*m.vectors + m.vectors)
}

// begin sets the accumulators to zero, or loads them from the result, to whose rows out points
// AX, one by one.
func (m matmul32) begin(p *printer, out func(r int)) {
	p.op("CMPQ %s, $0", mulAdd)
	p.op("JNE add")
	for r := range mulRowRegs {
		for j := range m.vectors {
			p.op("VXORPS %s, %[1]s, %[1]s", m.sum(r, j))
		}
	}
	p.op("JMP start")
	p.line("add:")
	for r := range mulRowRegs {
		out(r)
		for j := range m.vectors {
			m.load(p, maskRegister, j == m.vectors-1, fmt.Sprintf("%d(AX)", j*m.bytes), m.sum(r, j))
		}
	}
	p.line("start:")
}

// end stores the accumulators.
func (m matmul32) end(p *printer, out func(r int)) {
	for r := range mulRowRegs {
		out(r)
		for j := range m.vectors {
			m.store(p, maskRegister, j == m.vectors-1, m.sum(r, j), fmt.Sprintf("%d(AX)", j*m.bytes))
		}
	}
}

// products accumulates one element of each row times the vectors of columns.
func (m matmul32) products(p *printer, number func(r int) string) {
	for r := range mulRowRegs {
		p.op("VBROADCASTSS %s, %s", number(r), m.number(r))
		for j := range m.vectors {
			p.op("VFMADD231PS %s, %s, %s", m.column(j), m.number(r), m.sum(r, j))
		}
	}
}

// run points reg to the run of a tap, whose offset is R14 bytes into those of the row at SI, or
// to the zeros at R15 where the offset is negative.
func (p *printer) run(row int, reg string) {
	p.op("MOVQ %d(SI), AX", row+mulRowOffset)
	p.op("MOVLQSX (AX)(R14*1), AX")
	p.op("MOVQ %d(SI), %s", row+mulRowX, reg)
	p.op("LEAQ (%s)(AX*4), %[1]s", reg)
	p.op("TESTQ AX, AX")
	p.op("CMOVQLT R15, %s", reg)
}

// rows writes the routine that reads each row along its runs, and the other
// operand packed: tile after tile of six rows.
func (m matmul32) rows(p *printer) {
	out := func(r int) {
		p.op("MOVQ %d(SI), AX", r*mulRow+mulRowOut)
		p.op("ADDQ %s, AX", mulColumn)
	}
	p.text(fmt.Sprintf("rows6x%d%s", m.columns(), m.isa), "arg *block")
	m.loadTail(p, maskRegister, mulMask)
	p.op("MOVQ %s, SI", mulRows)
	p.op("MOVQ %s, R15", mulPad)
	p.line("tile:")
	m.begin(p, out)
	p.op("MOVQ %s, DX", mulY)
	p.op("MOVQ %s, CX", mulTaps)
	p.op("MOVQ %s, R14", mulTap)
	p.line("tap:")
	for r, reg := range mulRowRegs {
		p.run(r*mulRow, reg)
	}
	p.op("MOVQ %s, AX", mulShift)
	p.op("MOVQ %s, BX", mulDepth)
	p.op("ADDQ AX, BX")
	p.line("depth:")
	for j := range m.vectors {
		p.op("VMOVUPS %d(DX), %s", m.bytes*j, m.column(j))
	}
	m.products(p, func(r int) string { return fmt.Sprintf("(%s)(AX*4)", mulRowRegs[r]) })
	p.op("ADDQ $%d, DX", m.bytes*m.vectors)
	p.op("INCQ AX")
	p.op("CMPQ AX, BX")
	p.op("JLT depth")
	p.op("ADDQ $4, R14")
	p.op("DECQ CX")
	p.op("JNZ tap")
	m.end(p, out)
	p.op("ADDQ $%d, SI", len(mulRowRegs)*mulRow)
	p.op("DECQ %s", mulCount)
	p.op("JNZ tile")
	p.op("VZEROUPPER")
	p.op("RET")
}

// outer writes the routine that adds, row after row, the products of six
// neighbouring numbers of x and the columns of y: tile after tile of six.
func (m matmul32) outer(p *printer) {
	out := func(r int) {
		if r == 0 {
			p.op("MOVQ R12, AX")
		} else {
			p.op("ADDQ R13, AX")
		}
	}
	p.text(fmt.Sprintf("outer6x%d%s", m.columns(), m.isa), "arg *block")
	m.loadTail(p, maskRegister, mulMask)
	p.op("MOVQ %s, R15", mulPad)
	p.op("MOVQ %s, R14", mulTap)
	p.op("MOVQ %s, BX", mulShift)
	p.op("MOVQ %s, R12", mulOut)
	p.op("MOVQ %s, R13", mulLD)
	p.op("MOVQ %s, R10", mulStride)
	p.line("tile:")
	m.begin(p, out)
	p.op("MOVQ %s, SI", mulRows)
	p.op("MOVQ %s, DX", mulY)
	p.op("MOVQ %s, CX", mulCount)
	p.line("row:")
	p.run(0, "R8")
	for j := range m.vectors {
		m.load(p, maskRegister, j == m.vectors-1, fmt.Sprintf("%d(DX)", m.bytes*j), m.column(j))
	}
	m.products(p, func(r int) string { return fmt.Sprintf("%d(R8)(BX*4)", 4*r) })
	p.op("ADDQ $%d, SI", mulRow)
	p.op("ADDQ R10, DX")
	p.op("DECQ CX")
	p.op("JNZ row")
	m.end(p, out)
	p.op("LEAQ (AX)(R13*1), R12")
	p.op("ADDQ $%d, BX", len(mulRowRegs))
	p.op("DECQ %s", mulTiles)
	p.op("JNZ tile")
	p.op("VZEROUPPER")
	p.op("RET")
}
