package main

import "fmt"

// arm64Gemm8 writes routines for tiles of rows rows by vectors vectors of four columns. Sums
// of row r and vector j end up in register sum(r, j); the first sixteen are free then.
type arm64Gemm8 struct {
	arm64
	isa           string
	rows, vectors int
	sums          []int // registers; nil means those from 16 on, row by row
	keeps         bool  // the registers of clamps stay as they are while sums are computed
}

// Registers of what requantize clamps and rounds with.
const clampLo, clampHi, clampMagic = 12, 13, 14

// clamps loads them.
func (g arm64Gemm8) clamps() {
	g.op("VDUP %s, %s", loReg, words4(clampLo))
	g.op("VDUP %s, %s", hiReg, words4(clampHi))
	g.op("MOVW $0x4b400000, %s // 1.5*2^23", temp)
	g.op("VDUP %s, %s", temp, words4(clampMagic))
}

func (g arm64Gemm8) name() string { return fmt.Sprintf("tiles%dx%d%s", g.rows, 4*g.vectors, g.isa) }

func (g arm64Gemm8) sum(r, j int) int {
	if i := r*g.vectors + j; g.sums != nil {
		return g.sums[i]
	} else {
		return 16 + i
	}
}

// Registers that a routine keeps.
const (
	loReg, hiReg = "R23", "R24" // bits of float32: the clamps less the zero point
	zeroReg      = "R25"
	ruleReg      = "R26"
)

// large is a bit of the rule: sums may exceed int32 when they are multiplied.
const large = 3

// arm64Gemm8Tiles writes the routines for tiles of all sizes, in the order of widths. begin
// prepares what a routine keeps in vectors; sum leaves the sums of a tile in registers.
func arm64Gemm8Tiles(g arm64Gemm8, widths []width, begin func(arm64Gemm8), sum func(arm64Gemm8, arm64Rows) arm64Gemm8) {
	var names []string
	for _, w := range widths {
		g.vectors = w.vectors
		for _, g.rows = range w.heights {
			names = append(names, g.name())
			g.tiles(begin, sum)
		}
	}
	g.dispatcher("tiles"+g.isa, "arg *tile", names)
}

// tiles writes a routine that computes tile after tile.
func (g arm64Gemm8) tiles(begin func(arm64Gemm8), sum func(arm64Gemm8, arm64Rows) arm64Gemm8) {
	o := arm64Rows{g.arm64, g.rows, 0}
	g.routine(g.name())
	g.op("MOVD ZR, %s", atReg)
	g.op("MOVD %s, %s", at(tileTiles), tilesReg)
	g.op("MOVD %s, %s", at(tileOut), outReg)
	g.op("MOVD %s, %s", at(tileLD), ldReg)
	g.op("MOVD %s, %s", at(field(tileFetch)), fetchReg)
	g.op("MOVD %s, %s", at(tileRule.rule), ruleReg)
	g.op("MOVH %s, %s", at(tileRule.zero), zeroReg)
	for _, c := range []struct{ field, register string }{{tileRule.lo, loReg}, {tileRule.hi, hiReg}} {
		g.op("MOVBU %s, %s", at(c.field), c.register)
		g.op("SUBW %s, %s", zeroReg, c.register)
		g.op("SCVTFWS %s, F0", c.register)
		g.op("FMOVS F0, %s", c.register)
	}
	begin(g)
	if g.keeps {
		g.clamps()
	}
	g.line("tile:")
	g = sum(g, o)
	g.results()
	o.advance()
	g.op("SUBS $1, %s", tilesReg)
	g.op("BNE tile")
	g.op("MOVD %s, %s", fetchReg, at(field(tileFetch)))
	g.op("RET")
}

// start sets the sums to the initial accumulators, and the panel.
func (g arm64Gemm8) start() {
	g.op("MOVD %s, %s", at(tilePanel), panelReg)
	g.op("MOVD %s, %s", at(tileInit), temp)
	g.print(g.loads(g.vectors, 0, temp, g.sum(0, 0)))
	for r := 1; r < g.rows; r++ {
		for j := range g.vectors {
			g.move(g.sum(0, j), g.sum(r, j))
		}
	}
}

// results stores the accumulators, or requantizes them and stores the codes.
func (g arm64Gemm8) results() {
	g.op("CBNZ %s, requantize", ruleReg)
	for r := range g.rows {
		for j := range g.vectors {
			g.op("FMOVQ F%d, %d(%s)", g.sum(r, j), 16*j, outReg)
		}
		g.op("ADD %s, %s", ldReg, outReg)
	}
	g.op("B stored")
	g.line("requantize:")
	g.requantize()
	g.line("stored:")
}

// requantize computes v of the rule, which it clamps as a real number. FMAXNM takes the clamp
// where v is NaN, as the contract does. It is then rounded by adding 1.5*2^23, which leaves
// the integer in the low bits: of these a byte is taken and the zero point added, modulo 256.
//
// The contract's -2^31 for what exceeds int32 is the lower clamp. Only sums whose rule is
// large may be so, and are looked at.
func (g arm64Gemm8) requantize() {
	const lo, hi, magic = clampLo, clampHi, clampMagic
	const zero, bias, mult, one, two, limit, less = 0, 1, 2, 3, 4, 5, 6
	vector := func(j int, do ...func(s int)) {
		for _, f := range do {
			for r := range g.rows {
				f(g.sum(r, j))
			}
		}
	}
	toReal := func(s int) { g.v("scvtf 4s", s, s) }
	scale := func(s int) { g.v("fmul 4s", s, s, mult) }
	// each goes over the vectors with bias and mult loaded, up to the lower clamp: conversions
	// have one of two pipes on many cores, and the clamp has the other.
	each := func(do ...func(s int)) {
		for j := range g.vectors {
			g.op("FMOVQ %d(%s), F%d", 16*j, temp, bias)
			g.op("FMOVQ %d(%s), F%d", 16*j, temp2, mult)
			vector(j, append(do, func(s int) { g.v("fmaxnm 4s", s, s, lo) })...)
		}
	}
	if !g.keeps {
		g.clamps()
	}
	g.op("MOVD %s, %s", at(tileBias), temp)
	g.op("MOVD %s, %s", at(tileMult), temp2)
	g.op("VDUP %s, %s", zeroReg, bytes16(zero))
	g.op("AND $%d, %s, R5", 1<<large-1, ruleReg)
	for value, label := range ruleLabels {
		if value > 1 {
			g.op("CMP $%d, R5", value)
			g.op("BEQ %s", label)
		}
	}
	g.line("addBias:")
	each(toReal, func(s int) { g.v("fadd 4s", s, s, bias) }, scale)
	g.op("B real")
	g.line("intBias:")
	each(func(s int) { g.op("VADD %s, %s, %s", words4(bias), words4(s), words4(s)) }, toReal, scale)
	g.op("B real")
	g.line("fusedBias:")
	g.op("MOVWU %s, R4", at(tileRule.biasMul))
	g.op("VDUP R4, %s", words4(one))
	each(toReal, func(s int) { g.op("VFMLA %s, %s, %s", words4(one), words4(bias), words4(s)) }, scale)
	g.op("B real")
	g.line("realBias:")
	g.op("MOVWU %s, R4", at(tileRule.biasMul))
	g.op("VDUP R4, %s", words4(one))
	g.op("MOVWU %s, R4", at(tileRule.realZero))
	g.op("VDUP R4, %s", words4(two))
	each(toReal, scale, func(s int) { g.v("fadd 4s", s, s, bias) },
		func(s int) { g.v("fmul 4s", s, s, one) }, func(s int) { g.v("fadd 4s", s, s, two) })
	g.op("B clamp")
	g.line("real:")
	g.op("TBZ $%d, %s, clamp", large, ruleReg)
	g.op("MOVW $0x4f000000, R4 // 2^31")
	g.op("VDUP R4, %s", words4(limit))
	for j := range g.vectors {
		vector(j, func(s int) {
			g.v("fcmgt 4s", less, limit, s)
			g.op("VBIF %s, %s, %s", bytes16(less), bytes16(lo), bytes16(s))
		})
	}
	g.line("clamp:")
	for j := range g.vectors {
		vector(j, func(s int) { g.v("fminnm 4s", s, s, hi) }, func(s int) { g.v("fadd 4s", s, s, magic) })
	}
	g.codes(zero)
}

// codes takes the low bytes of the sums, adds the zero point, and stores them.
func (g arm64Gemm8) codes(zero int) {
	even := func(low, high int, arr func(int) string) {
		g.op("VUZP1 %s, %s, %s", arr(high), arr(low), arr(low))
	}
	rows := func(do func(r int)) {
		for r := range g.rows {
			do(r)
		}
	}
	for j := 0; j < g.vectors; j += 2 {
		rows(func(r int) { even(g.sum(r, j), g.sum(r, min(j+1, g.vectors-1)), halves8) })
	}
	rows(func(r int) { even(g.sum(r, 0), g.sum(r, g.vectors/4*2), bytes16) })
	rows(func(r int) { g.op("VADD %s, %s, %s", bytes16(zero), bytes16(g.sum(r, 0)), bytes16(g.sum(r, 0))) })
	store := map[int]string{1: "FMOVS", 2: "FMOVD", 4: "FMOVQ"}[g.vectors]
	rows(func(r int) {
		g.op("%s F%d, (%s)", store, g.sum(r, 0), outReg)
		g.op("ADD %s, %s", ldReg, outReg)
	})
}
