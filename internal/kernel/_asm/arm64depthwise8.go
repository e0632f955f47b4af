package main

// depthwise8NEON writes routines for blocks of sixteen channels. Codes are made signed, 128
// less, by flipping a bit: only I8MM's USDOT takes them as they are. Products of two taps are
// added in 16 bits, which hold them whatever the codes are, unless both weights are -128: for
// filters with such a pair there is a routine that takes one tap at a time.
func depthwise8NEON(p *printer) {
	newDepthwise(p, true).routine("rows16NEON", 2)
	newDepthwise(p, true).routine("rows16ApartNEON", 1)
}

// depthwise8DotProd writes the routine that multiplies four taps with SDOT, whose codes it
// interleaves.
func depthwise8DotProd(p *printer) { newDepthwise(p, true).routine("rows16DotProd", 4) }

// depthwise8I8MM writes the same with USDOT.
func depthwise8I8MM(p *printer) { newDepthwise(p, false).routine("rows16I8MM", 4) }

// arm64Depthwise writes routines for runs of pixels that are equally spaced under all taps, two
// pixels at a time, and for all parts of the channels: where the pixels of a run are under each
// tap is found once. A last tap that is alone in its group is multiplied by itself.
type arm64Depthwise struct {
	arm64Results
	flips bool // codes are made signed
}

func newDepthwise(p *printer, flips bool) arm64Depthwise {
	return arm64Depthwise{arm64Results{arm64: arm64{p}, vectors: 4, keeps: true, rule: depthRule, bias: depthBias, mult: depthMult, column: depthColumn}, flips}
}

// Registers of these routines. Those of the pixels under a group of taps are free elsewhere, as
// are those with which these are found.
const (
	pixelFirst, pixelSecond = 8, 17 // offsets of two pixels from the first of the run
	depthTable, depthLeft   = "R9", "R12"
	depthColumn             = "R21" // the first channel of the part, in packed arrays
	depthPanel              = "R22" // its weights
	depthFlip               = 15    // a vector
)

var depthGroup = [4]int{4, 5, 15, 16}

func (g arm64Depthwise) routine(name string, taps int) {
	const (
		ends, first, left, offsets = "R6", "R7", "R10", "R11"
		pixel, second              = "R8", "R17"
		pixels, step               = "R13", "R14"
		pad, at0, nextTap          = temp2, "R15", "R16"
		tablePlace                 = 144 // depthPixels
	)
	g.text(name, "arg *block")
	g.prepare()
	if g.flips {
		g.op("VMOVI $0x80, %s", bytes16(depthFlip))
	}
	g.op("MOVD %s, %s", at(depthEnds), ends)
	g.op("MOVD %s, %s", at(depthAt), first)
	g.op("MOVD %s, %s", at(depthRows), left)
	g.op("MOVD %s, %s", at(depthOffset), offsets)
	g.op("MOVD %s, %s", at(depthStep), step)
	g.op("MOVD %s, %s", at(depthOut), outReg)
	g.op("MOVD %s, %s", at(depthStride), ldReg)
	g.line("run:")
	g.op("MOVW (%s), %s", ends, pixels)
	g.op("SUB %s, %s", first, pixels)
	g.op("CMP %s, %s", left, pixels)
	g.op("BGE last // of this call")
	g.op("ADD $4, %s", ends)
	g.op("B pixels")
	g.line("last:")
	g.op("MOVD %s, %s", left, pixels)
	// The first pixel of the run under each tap. The last one stands in for taps that do not
	// exist; their weights are zero.
	g.line("pixels:")
	g.op("MOVD %s, %s", at(depthX), temp)
	g.op("MOVD %s, %s", at(depthPad), pad)
	g.op("MOVD %s, %s", at(depthTaps), depthLeft)
	g.op("MOVD %s, %s", at(depthNextTap), nextTap)
	g.op("MOVD %s, %s", offsets, at0)
	g.op("ADD $%d, %s, %s", tablePlace, argument, depthTable)
	g.line("find:")
	g.op("MOVW (%s), R4", at0)
	g.op("ADD %s, %s", nextTap, at0)
	g.op("CMP $0, R4")
	g.op("ADD %s, R4, R4", temp)
	g.op("CSEL LT, %s, R4, R4", pad)
	g.op("MOVD.P R4, 8(%s)", depthTable)
	g.op("SUBS $1, %s", depthLeft)
	g.op("BNE find")
	if taps > 2 {
		g.op("STP (R4, R4), (%s)", depthTable)
	}
	g.op("ADD %s, %s", pixels, first)
	g.op("SUB %s, %s", pixels, left)
	g.op("ADD %s<<2, %s", pixels, offsets)
	g.op("MOVD %s, %s", pixels, at(depthRun))
	g.op("MOVD %s, %s", outReg, at(depthRunOut))
	g.op("MOVD ZR, %s", depthColumn)
	g.op("MOVD %s, %s", at(depthWeights), depthPanel)
	// The last part may overlap the one before it.
	g.line("part:")
	g.op("MOVD %s, %s", at(depthRun), pixels)
	g.op("MOVD %s, %s", at(depthRunOut), outReg)
	g.op("MOVD %s, %s", at(depthChannels), temp)
	g.op("SUB $16, %s", temp)
	g.op("CMP %s, %s", temp, depthColumn)
	g.op("CSEL LT, %s, %s, %s", depthColumn, temp, pixel)
	g.op("ADD %s, %s", pixel, outReg)
	g.op("CBNZ %s, codes", ruleReg)
	g.op("ADD %s<<1, %s", pixel, outReg)
	g.op("ADD %s, %s", pixel, outReg)
	g.line("codes:")
	g.op("SUBS $2, %s", pixels)
	g.op("BLT one")
	two, one := g, g
	two.rows, one.rows, one.suffix = 2, 1, "One"
	g.line("pair:")
	g.op("ADD %s, %s, %s", step, pixel, second)
	two.add(taps)
	two.results()
	g.op("ADD %s<<1, %s", step, pixel)
	g.op("SUBS $2, %s", pixels)
	g.op("BGE pair")
	g.line("one:")
	g.op("CMP $-1, %s", pixels)
	g.op("BNE next")
	one.add(taps)
	one.results()
	g.line("next:")
	g.op("MOVD %s, %s", at(depthPart), temp)
	g.op("MOVD %s, %s", at(depthChannels), temp2)
	g.op("ADD %s, %s", temp, depthPanel)
	g.op("ADD $16, %s", depthColumn)
	g.op("CMP %s, %s", temp2, depthColumn)
	g.op("BLT part")
	g.op("MOVD %s, %s", at(depthRunOut), outReg)
	g.op("MOVD %s, %s", at(depthRun), temp)
	g.op("MUL %s, %s", ldReg, temp)
	g.op("ADD %s, %s", temp, outReg)
	g.op("CBNZ %s, run", left)
	g.op("RET")
}

// add adds the products of g.rows pixels, taps at a time.
func (g arm64Depthwise) add(taps int) {
	g.op("MOVD %s, %s", at(depthInit), temp)
	g.op("ADD %s<<2, %s", depthColumn, temp)
	g.op("MOVD %s, %s", depthPanel, panelReg)
	g.op("MOVD %s, %s", at(depthTaps), depthLeft)
	g.op("ADD $144, %s, %s", argument, depthTable)
	g.print(g.loads(4, 0, temp, g.sum(0, 0)))
	for j := range 4 * (g.rows - 1) {
		g.move(g.sum(0, j%4), g.sum(1+j/4, j%4))
	}
	if taps == 1 {
		g.label("taps")
		g.tap()
		g.op("SUBS $1, %s", depthLeft)
		g.op("BNE taps%s", g.suffix)
		return
	}
	g.op("SUBS $1, %s", depthLeft)
	g.op("BLE lastTap%s", g.suffix)
	g.label("taps")
	if taps == 2 {
		g.twoTaps()
	} else {
		g.fourTaps()
	}
	g.op("SUBS $%d, %s", taps, depthLeft)
	g.op("BGT taps%s", g.suffix)
	g.label("lastTap")
	g.op("BNE summed%s", g.suffix)
	g.tap()
	g.label("summed")
}

// load loads the codes of the pixels of each row under the taps of a group, to registers from
// 0 and from 8 on, and makes them signed where that is asked for.
func (g arm64Depthwise) load(taps int) {
	each := func(do func(r, i int)) {
		for r := range g.rows {
			for i := range taps {
				do(r, i)
			}
		}
	}
	each(func(r, i int) { g.loadAt(depthGroup[i], [2]int{pixelFirst, pixelSecond}[r], 8*r+i) })
	if !g.flips {
		return
	}
	each(func(r, i int) { g.op("VEOR %s, %s, %s", bytes16(depthFlip), bytes16(8*r+i), bytes16(8*r+i)) })
}

// tap multiplies one tap.
func (g arm64Depthwise) tap() {
	g.op("MOVD.P 8(%s), R%d", depthTable, depthGroup[0])
	g.op("FMOVQ.P 16(%s), F24", panelReg)
	g.load(1)
	if !g.flips {
		g.wideTap()
		return
	}
	for r := range g.rows {
		g.v("smull 8h", 8*r+2, 8*r, 24)
		g.v("smull2 8h", 8*r+3, 8*r, 24)
	}
	g.widen()
}

// wideTap multiplies one tap whose codes are not signed, in 16 bits.
func (g arm64Depthwise) wideTap() {
	g.v("sxtl 8h", 26, 24)
	g.v("sxtl2 8h", 27, 24)
	for r := range g.rows {
		g.op("VUXTL V%d.B8, %s", 8*r, halves8(8*r+2))
		g.op("VUXTL2 %s, %s", bytes16(8*r), halves8(8*r+3))
	}
	for j := range 4 {
		for r := range g.rows {
			g.v([]string{"smlal 4s", "smlal2 4s"}[j%2], g.sum(r, j), 8*r+2+j/2, 26+j/2)
		}
	}
}

// twoTaps adds the products of two taps in 16 bits.
func (g arm64Depthwise) twoTaps() {
	g.op("LDP.P 16(%s), (R%d, R%d)", depthTable, depthGroup[0], depthGroup[1])
	g.op("FLDPQ.P 32(%s), (F24, F25)", panelReg)
	g.load(2)
	for i, multiply := range []string{"smull", "smlal"} {
		for r := range g.rows {
			g.v(multiply+" 8h", 8*r+2, 8*r+i, 24+i)
			g.v(multiply+"2 8h", 8*r+3, 8*r+i, 24+i)
		}
	}
	g.widen()
}

// widen adds products to the sums.
func (g arm64Depthwise) widen() {
	for r := range g.rows {
		for j := range 4 {
			add := []string{"saddw 4s", "saddw2 4s"}[j%2]
			g.v(add, g.sum(r, j), g.sum(r, j), 8*r+2+j/2)
		}
	}
}

// fourTaps interleaves the codes of four taps, so that those of a channel are in one lane.
func (g arm64Depthwise) fourTaps() {
	g.op("LDP.P 32(%s), (R%d, R%d)", depthTable, depthGroup[0], depthGroup[1])
	g.op("LDP -16(%s), (R%d, R%d)", depthTable, depthGroup[2], depthGroup[3])
	g.op("FLDPQ.P 64(%s), (F24, F25)", panelReg)
	g.op("FLDPQ -32(%s), (F26, F27)", panelReg)
	g.load(4)
	for i := range 4 { // taps i/2*2 and the next, low or high channels
		for r := range g.rows {
			a, to := 8*r+i/2*2, [2]int{4, 28}[r]+i
			g.op("VZIP%d %s, %s, %s", 1+i%2, bytes16(a+1), bytes16(a), bytes16(to))
		}
	}
	for i := range 4 { // channels from 4*i on
		for r := range g.rows {
			a, to := [2]int{4, 28}[r]+i/2, 8*r+i
			g.op("VZIP%d %s, %s, %s", 1+i%2, halves8(a+2), halves8(a), halves8(to))
		}
	}
	dot := "usdot 4s"
	if g.flips {
		dot = "sdot 4s"
	}
	for i := range 4 {
		for r := range g.rows {
			g.v(dot, g.sum(r, i), 8*r+i, 24+i)
		}
	}
}
