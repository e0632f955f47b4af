package main

// arm64Results writes what becomes of sums: rows of vectors of four accumulators are stored,
// or requantized by a rule and stored as codes.
type arm64Results struct {
	arm64
	rows, vectors int
	sums          []int  // registers; nil means those from 16 on, row by row
	keeps         bool   // the registers of clamps stay as they are while sums are computed
	suffix        string // of the labels, where a routine has several
	rule          ruleFields
	bias, mult    string // fields of the argument
}

func (g arm64Results) sum(r, j int) int {
	i := r*g.vectors + j
	if g.sums != nil {
		return g.sums[i]
	}
	return 16 + i
}

func (g arm64Results) label(name string) { g.line("%s%s:", name, g.suffix) }

// Registers that a routine keeps.
const (
	loReg, hiReg = "R23", "R24" // bits of float32: the clamps less the zero point
	zeroReg      = "R25"
	ruleReg      = "R26"
)

// large is a bit of the rule: sums may exceed int32 when they are multiplied.
const large = 3

// Registers of what requantize clamps and rounds with.
const clampLo, clampHi, clampMagic = 12, 13, 14

// prepare loads what a routine keeps in registers.
func (g arm64Results) prepare() {
	g.op("MOVD %s, %s", at(g.rule.rule), ruleReg)
	g.op("MOVH %s, %s", at(g.rule.zero), zeroReg)
	for _, c := range []struct{ field, register string }{{g.rule.lo, loReg}, {g.rule.hi, hiReg}} {
		g.op("MOVBU %s, %s", at(c.field), c.register)
		g.op("SUBW %s, %s", zeroReg, c.register)
		g.op("SCVTFWS %s, F0", c.register)
		g.op("FMOVS F0, %s", c.register)
	}
	if g.keeps {
		g.clamps()
	}
}

// clamps loads them.
func (g arm64Results) clamps() {
	g.op("VDUP %s, %s", loReg, words4(clampLo))
	g.op("VDUP %s, %s", hiReg, words4(clampHi))
	g.op("MOVW $0x4b400000, %s // 1.5*2^23", temp)
	g.op("VDUP %s, %s", temp, words4(clampMagic))
}

// results stores the accumulators, or requantizes them and stores the codes.
func (g arm64Results) results() {
	g.op("CBNZ %s, requantize%s", ruleReg, g.suffix)
	for r := range g.rows {
		for j := range g.vectors {
			g.op("FMOVQ F%d, %d(%s)", g.sum(r, j), 16*j, outReg)
		}
		g.op("ADD %s, %s", ldReg, outReg)
	}
	g.op("B stored%s", g.suffix)
	g.label("requantize")
	g.requantize()
	g.label("stored")
}

// requantize computes v of the rule, which it clamps as a real number. FMAXNM takes the clamp
// where v is NaN, as the contract does. It is then rounded by adding 1.5*2^23, which leaves
// the integer in the low bits: of these a byte is taken and the zero point added, modulo 256.
//
// The contract's -2^31 for what exceeds int32 is the lower clamp. Only sums whose rule is
// large may be so, and are looked at.
func (g arm64Results) requantize() {
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
	g.op("MOVD %s, %s", at(g.bias), temp)
	g.op("MOVD %s, %s", at(g.mult), temp2)
	g.op("VDUP %s, %s", zeroReg, bytes16(zero))
	g.op("AND $%d, %s, R5", 1<<large-1, ruleReg)
	for value, label := range ruleLabels {
		if value > 1 {
			g.op("CMP $%d, R5", value)
			g.op("BEQ %s%s", label, g.suffix)
		}
	}
	g.label("addBias")
	each(toReal, func(s int) { g.v("fadd 4s", s, s, bias) }, scale)
	g.op("B real%s", g.suffix)
	g.label("intBias")
	each(func(s int) { g.op("VADD %s, %s, %s", words4(bias), words4(s), words4(s)) }, toReal, scale)
	g.op("B real%s", g.suffix)
	g.label("fusedBias")
	g.op("MOVWU %s, R4", at(g.rule.biasMul))
	g.op("VDUP R4, %s", words4(one))
	each(toReal, func(s int) { g.op("VFMLA %s, %s, %s", words4(one), words4(bias), words4(s)) }, scale)
	g.op("B real%s", g.suffix)
	g.label("realBias")
	g.op("MOVWU %s, R4", at(g.rule.biasMul))
	g.op("VDUP R4, %s", words4(one))
	g.op("MOVWU %s, R4", at(g.rule.realZero))
	g.op("VDUP R4, %s", words4(two))
	each(toReal, scale, func(s int) { g.v("fadd 4s", s, s, bias) },
		func(s int) { g.v("fmul 4s", s, s, one) }, func(s int) { g.v("fadd 4s", s, s, two) })
	g.op("B clamp%s", g.suffix)
	g.label("real")
	g.op("TBZ $%d, %s, clamp%s", large, ruleReg, g.suffix)
	g.op("MOVW $0x4f000000, R4 // 2^31")
	g.op("VDUP R4, %s", words4(limit))
	for j := range g.vectors {
		vector(j, func(s int) {
			g.v("fcmgt 4s", less, limit, s)
			g.op("VBIF %s, %s, %s", bytes16(less), bytes16(lo), bytes16(s))
		})
	}
	g.label("clamp")
	for j := range g.vectors {
		vector(j, func(s int) { g.v("fminnm 4s", s, s, hi) }, func(s int) { g.v("fadd 4s", s, s, magic) })
	}
	g.codes(zero)
}

// codes takes the low bytes of the sums, adds the zero point, and stores them.
func (g arm64Results) codes(zero int) {
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
