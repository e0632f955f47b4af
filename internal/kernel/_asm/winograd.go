package main

// winogradInput writes the transform of tiles' input, B' d B, for elements of all sizes.
type winogradInput struct {
	lanes
	in, out                int // bytes of an element, before and after the transform
	load, store, plus, sub string
}

// The fields of transform, of winograd8 and of winograd32, behind the cursor.
var (
	spreadTo, spreadPoints      = field(0), field(8)
	spreadChannels, spreadCount = field(16), field(24)
)

// write writes the routine, which takes a vector of channels at a time. Rows 1 and 2
// of a tile, in vectors 0 to 7, are part of all rows of the result.
func (w winogradInput) write(p *printer) {
	const taps = 16
	p.text("spread"+w.isa, "arg *transform")
	p.op("MOVQ $0, %s", cursorAt)
	p.op("MOVQ %s, R8", spreadTo)
	p.op("MOVQ %s, R9", spreadPoints)
	p.op("LEAQ (R9)(R9*2), R10")
	p.line("tile:")
	p.op("MOVQ %s, SI", cursorOffset)
	p.op("ADDQ %s, SI", cursorAt)
	p.op("MOVQ %s, BX", cursorX)
	p.op("MOVQ %s, DX", cursorPad)
	for tap := range taps {
		p.op("MOVLQSX (SI), AX")
		p.op("ADDQ %s, SI", cursorNextTap)
		p.op("TESTQ AX, AX")
		p.op("LEAQ (BX)(AX*%d), AX", w.in)
		p.op("CMOVQLT DX, AX")
		p.op("MOVQ AX, %d(DI)", cursorRows+8*tap)
	}
	p.op("XORQ AX, AX")
	p.line("channels:")
	p.op("LEAQ (R8)(AX*%d), SI", w.out)
	w.row(p, 1, 0)
	w.row(p, 2, 4)
	w.row(p, 0, 8)
	for c := range 4 {
		w.three(p, w.sub, 8+c, 4+c, 8+c)
	}
	w.result(p, 0)
	for c := range 4 {
		w.three(p, w.plus, c, 4+c, 8+c)
	}
	w.result(p, 1)
	for c := range 4 {
		w.three(p, w.sub, 4+c, c, 8+c)
	}
	w.result(p, 2)
	w.row(p, 3, 8)
	for c := range 4 {
		w.three(p, w.sub, c, 8+c, 8+c)
	}
	w.result(p, 3)
	p.op("ADDQ $%d, AX", w.bytes/w.out)
	p.op("CMPQ AX, %s", spreadChannels)
	p.op("JLT channels")
	p.op("LEAQ (R8)(AX*%d), R8", w.out)
	p.op("ADDQ $4, %s", cursorAt)
	p.op("DECQ %s", spreadCount)
	p.op("JNZ tile")
	p.op("VZEROUPPER")
	p.op("RET")
}

// row loads a row of a tile.
func (w winogradInput) row(p *printer, row, to int) {
	for col := range 4 {
		p.op("MOVQ %d(DI), BX", cursorRows+8*(row*4+col))
		p.op("%s (BX)(AX*%d), %s", w.load, w.in, w.r(to+col))
	}
}

// result stores a row of the result, from B'd in vectors 8 to 11.
func (w winogradInput) result(p *printer, row int) {
	for col, place := range []string{"(SI)", "(SI)(R9*1)", "(SI)(R9*2)", "(SI)(R10*1)"} {
		switch col {
		case 0:
			w.three(p, w.sub, 8, 10, 12)
		case 1:
			w.three(p, w.plus, 9, 10, 12)
		case 2:
			w.three(p, w.sub, 10, 9, 12)
		case 3:
			w.three(p, w.sub, 9, 11, 12)
		}
		p.op("%s %s, %s", w.store, w.r(12), place)
	}
	if row < 3 {
		p.op("LEAQ (SI)(R9*4), SI")
	}
}

// three writes c = a op b.
func (w winogradInput) three(p *printer, op string, a, b, c int) {
	p.op("%s %s, %s, %s", op, w.r(b), w.r(a), w.r(c))
}
