package main

import "fmt"

// Registers of routines that go over tiles of rows, which keep their position in registers
// and write to the argument only how far they have prefetched.
const (
	panelReg         = "R1"
	temp, temp2      = "R2", "R3"
	firstRowReg      = 4 // R4 to R11 point to the runs of a tile's rows
	depthReg         = "R12"
	stepReg          = "R13" // from the rows of a tile to those of the next
	tapsReg, tapReg  = "R14", "R15"
	atReg            = "R16"
	tilesReg         = "R17"
	outReg, ldReg    = "R19", "R20"
	fetchReg, byReg  = "R21", "R22"
	freeReg          = 23 // R23 to R26 are those of a family
	mostRows         = 8
	unfetched, until = 0, 8 // in operand.Prefetch, where its step follows
)

// arm64Rows is operandRows for arm64.
type arm64Rows struct {
	arm64
	rows, shift int
}

func (o arm64Rows) run(r int) string { return fmt.Sprintf("R%d", firstRowReg+r) }

// each goes over the taps of the next rows; body finds their runs by run, and may move them.
func (o arm64Rows) each(body func()) {
	o.op("MOVD %s, %s", at(cursorTaps), tapsReg)
	o.op("MOVD %s, %s", at(cursorOffset), tapReg)
	o.op("MOVD %s, %s", at(cursorX), temp)
	o.op("CBNZ %s, indirect", tapReg)
	o.op("ADD %s, %s, %s", atReg, temp, o.run(0))
	o.op("MOVD %s, %s", at(cursorStride), temp)
	for r := 1; r < o.rows; r++ {
		o.op("ADD %s, %s, %s", temp, o.run(r-1), o.run(r))
	}
	o.op("B runs")
	o.line("indirect:")
	o.op("ADD %s, %s", atReg, tapReg)
	o.line("tap:")
	for r := range o.rows {
		o.op("MOVW %d(%s), %s", 4*r, tapReg, o.run(r))
	}
	o.op("MOVD %s, %s", at(cursorX), temp)
	o.op("MOVD %s, %s", at(cursorPad), temp2)
	for r := range o.rows {
		o.op("CMP $0, %s", o.run(r))
		o.op("ADD %s<<%d, %s, %s", o.run(r), o.shift, temp, o.run(r))
		o.op("CSEL LT, %s, %s, %s", temp2, o.run(r), o.run(r))
	}
	o.op("MOVD %s, %s", at(cursorNextTap), temp)
	o.op("ADD %s, %s", temp, tapReg)
	o.line("runs:")
	body()
	o.op("SUBS $1, %s", tapsReg)
	o.op("BNE tap")
}

// start is at the first rows.
func (o arm64Rows) start() {
	o.op("MOVD ZR, %s", atReg)
	o.op("MOVD %s, %s", at(cursorOffset), temp2)
	o.op("MOVD $%d, %s", 4*o.rows, stepReg)
	o.op("CBNZ %s, started", temp2)
	o.op("MOVD %s, %s", at(cursorStride), temp2)
	o.op("MOVD $%d, %s", o.rows, stepReg)
	o.op("MUL %s, %s", temp2, stepReg)
	o.line("started:")
}

// advance goes on with the rows behind.
func (o arm64Rows) advance() { o.op("ADD %s, %s", stepReg, atReg) }

// fetch leaves in fetchReg where to fetch and in byReg how far to go on with each step:
// nowhere, once the end is reached. fields is the operand.Prefetch.
func (a arm64) fetch(fields int) {
	a.op("MOVD %s, %s", at(field(fields+until)), temp)
	a.op("MOVD %s, %s", at(field(fields+16)), byReg)
	a.op("CMP %s, %s", temp, fetchReg)
	a.op("CSEL LT, %s, ZR, %s", byReg, byReg)
}
