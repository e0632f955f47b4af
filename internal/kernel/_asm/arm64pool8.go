package main

// Registers of the loops over windows, channels and cells.
const (
	windowX, windowStart   = "R1", "R4"
	windowCells, windowOut = "R5", "R6"
	windowCount            = "R7"
	windowSize, windowOf   = "R8", "R9" // bytes of a pixel, and of those in whole vectors
	windowAt               = "R10"      // the byte of the first channel of a step
	windowFirst, windowEnd = "R11", "R13"
	windowCell, windowBase = "R12", "R14"
	windowFactor           = "R15"
)

// pool8NEON writes the routines for consecutive windows of one image. Maxima, or sums as
// words, are in registers 0 to 3, what a cell adds from 4 on.
func pool8NEON(p *printer) {
	a := arm64{p}
	zero := func(n int) {
		for j := range n {
			a.op("VEOR %s, %s, %s", bytes16(j), bytes16(j), bytes16(j))
		}
	}
	out := func(bytes int) {
		a.op("ADD %s, %s, %s", windowAt, windowOut, temp)
		switch bytes {
		case 8:
			a.op("FMOVD F0, (%s)", temp)
		case 16:
			a.op("FMOVQ F0, (%s)", temp)
		default:
			a.op("FSTPQ (F0, F1), (%s)", temp)
			a.op("FSTPQ (F2, F3), 32(%s)", temp)
		}
	}
	vectors := func(bytes int) int { return max(1, bytes/16) }
	windowLoop{arm64: a, name: "max", wide: 64, first: func(bytes int) { zero(vectors(bytes)) }, cell: func(bytes int) {
		if bytes == 8 {
			a.op("FMOVD (%s), F4", temp)
		} else {
			a.print(a.loads(vectors(bytes), 0, temp, 4))
		}
		for j := range vectors(bytes) {
			a.op("VUMAX %s, %s, %s", bytes16(4+j), bytes16(j), bytes16(j))
		}
	}, last: out}.write()

	const count, factor, zero16, lo, hi, limit, least, less = 7, 16, 17, 18, 19, 20, 21, 22
	words := func(bytes int) int { return bytes / 4 }
	mean := windowLoop{arm64: a, name: "average", first: func(bytes int) { zero(words(bytes)) }}
	mean.begin = func() {
		a.op("MOVD %s, %s", at(windowsMult), windowFactor)
		for _, c := range []struct{ load, field, to string }{
			{"MOVH", windowsZero16, halves8(zero16)}, {"MOVBU", windowsLo, bytes16(lo)}, {"MOVBU", windowsHi, bytes16(hi)},
		} {
			a.op("%s %s, %s", c.load, at(c.field), temp)
			a.op("VDUP %s, %s", temp, c.to)
		}
		a.limits(limit, least)
	}
	mean.cell = func(bytes int) {
		load := map[int]string{8: "FMOVD", 16: "FMOVQ"}[bytes]
		a.op("%s (%s), F4", load, temp)
		a.op("VUXTL V4.B8, V5.H8")
		if bytes == 16 {
			a.op("VUXTL2 V4.B16, V6.H8")
		}
		for j := range words(bytes) {
			a.op("VUADDW%s V%d.H%d, V%d.S4, V%d.S4", []string{"", "2"}[j%2], 5+j/2, 4+j%2*4, j, j)
		}
	}
	mean.last = func(bytes int) {
		each := func(step int, do func(j int)) {
			for j := 0; j < words(bytes); j += step {
				do(j)
			}
		}
		a.op("SUB %s, %s, %s", windowFirst, windowEnd, temp)
		a.op("LSR $2, %s", temp)
		a.op("MOVW %s, %s", at(windowsZero), temp2)
		a.op("MULW %s, %s", temp2, temp)
		a.op("VDUP %s, %s", temp, words4(count))
		a.op("MOVWU (%s), %s", windowFactor, temp)
		a.op("VDUP %s, %s", temp, words4(factor))
		each(1, func(j int) { a.op("VSUB %s, %s, %s", words4(count), words4(j), words4(j)) })
		each(1, func(j int) { a.v("scvtf 4s", j, j) })
		each(1, func(j int) { a.v("fmul 4s", j, j, factor) })
		each(1, func(j int) { a.v("fcmgt 4s", less+j, limit, j) })
		each(1, func(j int) { a.op("VBIF %s, %s, %s", bytes16(less+j), bytes16(least), bytes16(j)) })
		each(1, func(j int) { a.v("fcvtns 4s", j, j) })
		each(2, func(j int) { a.v("sqxtn 4h", j, j) })
		each(2, func(j int) { a.v("sqxtn2 8h", j, j+1) })
		each(2, func(j int) { a.v("sqadd 8h", j, j, zero16) })
		a.v("sqxtun 8b", 0, 0)
		if bytes == 16 {
			a.v("sqxtun2 16b", 0, 2)
		}
		a.op("VUMAX %s, V0.B16, V0.B16", bytes16(lo))
		a.op("VUMIN %s, V0.B16, V0.B16", bytes16(hi))
		out(bytes)
	}
	mean.write()
}

// windowLoop writes the loops of a routine: it takes so many bytes of channels at a time as
// wide says, if it does, then 16, of which the last may overlap those before. Pixels smaller
// than 16 bytes are covered by two halves; those smaller than 8 are left to the caller.
// first, cell and last are given the number of bytes; the address of a cell is in temp.
type windowLoop struct {
	arm64
	name              string
	wide              int
	begin             func()
	first, cell, last func(bytes int)
}

// channels writes the loop over the cells of a window for the channels at windowAt.
func (w windowLoop) channels(label string, bytes int) {
	w.op("ADD %s, %s, %s", windowAt, windowX, windowBase)
	w.op("MOVD %s, %s", windowFirst, windowCell)
	w.first(bytes)
	w.op("CMP %s, %s", windowEnd, windowCell)
	w.op("BGE %sEnd", label)
	w.line("%s:", label)
	w.op("MOVW.P 4(%s), %s", windowCell, temp)
	w.op("ADD %s, %s, %s", temp, windowBase, temp)
	w.cell(bytes)
	w.op("CMP %s, %s", windowEnd, windowCell)
	w.op("BLT %s", label)
	w.line("%sEnd:", label)
	w.last(bytes)
}

func (w windowLoop) write() {
	w.text(w.name+"NEON", "arg *windows")
	for _, f := range [][2]string{{windowsX, windowX}, {windowsCells, windowCells}, {windowsStart, windowStart}, {windowsOut, windowOut},
		{windowsCount, windowCount}, {windowsSize, windowSize}, {windowsWhole, windowOf}} {
		w.op("MOVD %s, %s", at(f[0]), f[1])
	}
	if w.begin != nil {
		w.begin()
	}
	w.line("window:")
	w.op("MOVW.P 4(%s), %s", windowStart, windowFirst)
	w.op("MOVW (%s), %s", windowStart, windowEnd)
	for _, r := range []string{windowFirst, windowEnd} {
		w.op("ADD %s<<2, %s, %s", r, windowCells, r)
	}
	w.op("MOVD $0, %s", windowAt)
	if w.wide > 0 {
		w.line("wide:")
		w.op("ADD $%d, %s, %s", w.wide, windowAt, temp)
		w.op("CMP %s, %s", windowOf, temp)
		w.op("BGT narrow")
		w.channels("wideCell", w.wide)
		w.op("ADD $%d, %s", w.wide, windowAt)
		w.op("B wide")
	}
	w.line("narrow:")
	w.op("CMP %s, %s", windowOf, windowAt)
	w.op("BGE rest")
	w.line("last:")
	w.channels("narrowCell", 16)
	w.op("ADD $16, %s", windowAt)
	w.op("B narrow")
	w.line("rest:")
	w.op("CMP %s, %s", windowSize, windowAt)
	w.op("BGE next")
	w.op("SUB $16, %s, %s", windowSize, windowAt)
	w.op("TBZ $63, %s, last // a vector that ends with the pixel", windowAt)
	w.op("MOVD $0, %s", windowAt)
	w.line("half:")
	w.channels("halfCell", 8)
	w.op("SUB $8, %s, %s", windowSize, temp)
	w.op("CMP %s, %s", temp, windowAt)
	w.op("MOVD %s, %s", temp, windowAt)
	w.op("BLT half")
	w.line("next:")
	w.op("ADD %s, %s", windowSize, windowOut)
	if w.name == "average" {
		w.op("ADD $4, %s", windowFactor)
	}
	w.op("SUBS $1, %s", windowCount)
	w.op("BNE window")
	w.op("RET")
}
