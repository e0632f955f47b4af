package main

import "fmt"

// The fields of operand.Cursor, with which arguments begin.
const (
	cursorX, cursorPad, cursorOffset        = "0(DI)", "8(DI)", "16(DI)"
	cursorNextTap, cursorStride, cursorTaps = "24(DI)", "32(DI)", "40(DI)"
	cursorAt, cursorLeft, cursorTap         = "48(DI)", "56(DI)", "64(DI)"
	cursorRows                              = 72
	cursorSize                              = cursorRows + 16*8
)

// rowRegs hold the runs of a tile's first rows.
var rowRegs = [...]string{"R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}

// operandRows is a tile's view of its operand: rows rows of elements of 1<<shift
// bytes. Vectors compute the addresses of indirect rows with AVX-512, where they
// are many.
type operandRows struct {
	*printer
	rows, shift int
	wide        bool // AVX-512; K2 to K4, Z30 and Z31 are used between taps
}

// each loops over the taps of the next rows; body gets their runs from run. AX, BX and SI are
// overwritten between taps.
func (o operandRows) each(body func()) {
	o.op("MOVQ %s, AX", cursorTaps)
	o.op("MOVQ AX, %s", cursorLeft)
	o.op("MOVQ %s, SI", cursorOffset)
	o.op("TESTQ SI, SI")
	o.op("JZ plain")
	o.op("ADDQ %s, SI", cursorAt)
	o.op("MOVQ SI, %s", cursorTap)
	o.op("JMP tap")
	o.line("plain:")
	o.plain()
	o.op("JMP runs")
	o.line("tap:")
	o.op("MOVQ %s, SI", cursorTap)
	if o.wide && o.rows > 1 {
		o.indirectWide()
	} else {
		o.indirect()
	}
	o.op("ADDQ %s, SI", cursorNextTap)
	o.op("MOVQ SI, %s", cursorTap)
	o.line("runs:")
	body()
	o.op("DECQ %s", cursorLeft)
	o.op("JNZ tap")
}

// run returns the register that points to row r's run; it may load it into temp.
func (o operandRows) run(r int, temp string) string {
	if r < len(rowRegs) {
		return rowRegs[r]
	}
	o.op("MOVQ %s, %s", o.slot(r), temp)
	return temp
}

func (o operandRows) slot(r int) string { return fmt.Sprintf("%d(DI)", cursorRows+8*r) }

func (o operandRows) plain() {
	o.op("MOVQ %s, R8", cursorX)
	o.op("ADDQ %s, R8", cursorAt)
	o.op("MOVQ %s, BX", cursorStride)
	for r := 1; r < min(o.rows, len(rowRegs)); r++ {
		o.op("LEAQ (%s)(BX*1), %s", rowRegs[r-1], rowRegs[r])
	}
	from := rowRegs[len(rowRegs)-1]
	for r := len(rowRegs); r < o.rows; r++ {
		o.op("LEAQ (%s)(BX*1), AX", from)
		o.op("MOVQ AX, %s", o.slot(r))
		from = "AX"
	}
}

func (o operandRows) indirect() {
	o.op("MOVQ %s, BX", cursorX)
	for r, reg := range rowRegs[:o.rows] {
		o.op("MOVLQSX %d(SI), %s", 4*r, reg)
		o.op("TESTQ %s, %s", reg, reg)
		o.op("LEAQ (BX)(%s*%d), %s", reg, 1<<o.shift, reg)
		o.op("CMOVQLT %s, %s", cursorPad, reg)
	}
}

func (o operandRows) indirectWide() {
	for r := 0; r < o.rows; r += 8 {
		o.op("VPMOVSXDQ.Z %d(SI), K%d, Z30", 4*r, 2+r/8)
		o.op("VPMOVQ2M Z30, K4")
		if o.shift > 0 {
			o.op("VPSLLQ $%d, Z30, Z30", o.shift)
		}
		o.op("VPADDQ.BCST %s, Z30, Z30", cursorX)
		o.op("VPBROADCASTQ %s, K4, Z30", cursorPad)
		o.op("VMOVDQU64 Z30, %d(DI)", cursorRows+8*r)
	}
	for r, reg := range rowRegs[:min(o.rows, len(rowRegs))] {
		o.op("MOVQ %s, %s", o.slot(r), reg)
	}
}

// masks prepares indirectWide, once in a routine.
func (o operandRows) masks() {
	for r := 0; o.wide && o.rows > 1 && r < o.rows; r += 8 {
		o.op("MOVQ $%d, AX", 1<<min(8, o.rows-r)-1)
		o.op("KMOVW AX, K%d", 2+r/8)
	}
}

// advance moves on to the next rows. It overwrites AX and BX.
func (o operandRows) advance() {
	o.op("MOVQ $%d, AX", 4*o.rows)
	o.op("CMPQ %s, $0", cursorOffset)
	o.op("JNE advance")
	o.op("IMUL3Q $%d, %s, AX", o.rows, cursorStride)
	o.line("advance:")
	o.op("ADDQ AX, %s", cursorAt)
}

// fetch leaves in CX the address to prefetch and in SI how far it moves with each step: 0 once
// the end is reached. fields is the offset of the operand.Prefetch.
func (p *printer) fetch(fields int) {
	p.op("MOVQ %s, CX", field(fields))
	p.op("XORQ SI, SI")
	p.op("CMPQ CX, %s", field(fields+8))
	p.op("CMOVQLT %s, SI", field(fields+16))
}
