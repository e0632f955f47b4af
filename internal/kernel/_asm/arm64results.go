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
	column        string // register: the first column of bias and mult; or none
}

func (g arm64Results) sum(r, j int) int {
	i := r*g.vectors + j
	if g.sums != nil {
		return g.sums[i]
	}
	return 16 + i
}

func (g arm64Results) label(name string) { g.line("%s%s:", name, g.suffix) }

// Registers that a routine keeps. With a narrow rule loReg has the bits of 1.5*2^23, with the
// zero point added if that is even, and hiReg the clamps, as bytes.
const (
	loReg, hiReg = "R23", "R24" // bits of float32: the clamps less the zero point
	zeroReg      = "R25"        // 0 where it is added already
	ruleReg      = "R26"
)

// Bits of the rule: sums may exceed int32 when they are multiplied, or never leave 16 bits.
const large, narrow = 3, 4

// Registers of what requantize clamps and rounds with. With a narrow rule the first is what
// rounds.
const clampLo, clampHi, clampMagic = 12, 13, 14

// prepare loads what a routine keeps in registers.
func (g arm64Results) prepare() {
	g.op("MOVD %s, %s", at(g.rule.rule), ruleReg)
	g.op("MOVH %s, %s", at(g.rule.zero), zeroReg)
	g.op("TBNZ $%d, %s, prepareNarrow", narrow, ruleReg)
	for _, c := range []struct{ field, register string }{{g.rule.lo, loReg}, {g.rule.hi, hiReg}} {
		g.op("MOVBU %s, %s", at(c.field), c.register)
		g.op("SUBW %s, %s", zeroReg, c.register)
		g.op("SCVTFWS %s, F0", c.register)
		g.op("FMOVS F0, %s", c.register)
	}
	g.op("B prepared")
	g.line("prepareNarrow:")
	g.op("MOVHU %s, %s // and the higher clamp behind it", at(g.rule.lo), hiReg)
	g.op("MOVW $0x4b400000, %s // 1.5*2^23", loReg)
	g.op("TBNZ $0, %s, prepared", zeroReg)
	g.op("ADD %s, %s", zeroReg, loReg)
	g.op("MOVD ZR, %s", zeroReg)
	g.line("prepared:")
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

// requantize computes v of the rule, rounds it by adding 1.5*2^23, which leaves the integer in
// the low bits, and stores codes.
func (g arm64Results) requantize() {
	const one, two, limit, less = 1, 2, 1, 2
	const biases, mults = 4, 8 // up to four
	vector := func(j int, do func(s int)) {
		for r := range g.rows {
			do(g.sum(r, j))
		}
	}
	toReal := func(s, _ int) { g.v("scvtf 4s", s, s) }
	scale := func(s, j int) { g.v("fmul 4s", s, s, mults+j) }
	each := func(do ...func(s, j int)) {
		for j := range g.vectors {
			for _, f := range do {
				vector(j, func(s int) { f(s, j) })
			}
		}
	}
	g.op("MOVD %s, %s", at(g.bias), temp)
	g.op("MOVD %s, %s", at(g.mult), temp2)
	if g.column != "" {
		g.op("ADD %s<<2, %s", g.column, temp)
		g.op("ADD %s<<2, %s", g.column, temp2)
	}
	g.print(g.loads(g.vectors, 0, temp, biases))
	g.print(g.loads(g.vectors, 0, temp2, mults))
	g.op("TBNZ $2, %s, realBias%s", ruleReg, g.suffix)
	g.op("TBNZ $1, %s, intBias%s", ruleReg, g.suffix)
	g.label("addBias")
	each(toReal, func(s, j int) { g.v("fadd 4s", s, s, biases+j) }, scale)
	g.op("B real%s", g.suffix)
	g.label("intBias")
	g.op("TBNZ $0, %s, fusedBias%s", ruleReg, g.suffix)
	each(func(s, j int) { g.op("VADD %s, %s, %s", words4(biases+j), words4(s), words4(s)) }, toReal, scale)
	g.op("B real%s", g.suffix)
	g.label("fusedBias")
	g.op("MOVWU %s, R4", at(g.rule.biasMul))
	g.op("VDUP R4, %s", words4(one))
	each(toReal, func(s, j int) { g.op("VFMLA %s, %s, %s", words4(one), words4(biases+j), words4(s)) }, scale)
	g.op("B real%s", g.suffix)
	g.label("realBias")
	g.op("MOVWU %s, R4", at(g.rule.biasMul))
	g.op("VDUP R4, %s", words4(one))
	g.op("MOVWU %s, R4", at(g.rule.realZero))
	g.op("VDUP R4, %s", words4(two))
	each(toReal, scale, func(s, j int) { g.v("fadd 4s", s, s, biases+j) },
		func(s, _ int) { g.v("fmul 4s", s, s, one) }, func(s, _ int) { g.v("fadd 4s", s, s, two) })
	g.label("real")
	g.op("TBNZ $%d, %s, narrow%s", narrow, ruleReg, g.suffix)
	if !g.keeps {
		g.clamps()
	}
	g.op("TBZ $%d, %s, clamp%s", large, ruleReg, g.suffix)
	g.op("MOVW $0x4f000000, R4 // 2^31")
	g.op("VDUP R4, %s", words4(limit))
	for j := range g.vectors {
		vector(j, func(s int) {
			g.v("fcmgt 4s", less, limit, s)
			g.op("VBIF %s, %s, %s", bytes16(less), bytes16(clampLo), bytes16(s))
		})
	}
	g.label("clamp")
	g.clamped()
	g.op("B stored%s", g.suffix)
	g.label("narrow")
	g.narrow()
}

// clamped clamps real numbers before it rounds them. FMAXNM takes the clamp where v is NaN, as
// the contract does. Of the rounded numbers a byte is taken and the zero point added, modulo
// 256.
//
// The contract's -2^31 for what exceeds int32 is the lower clamp. Only sums whose rule is
// large may be so, and are looked at.
func (g arm64Results) clamped() {
	const zero = 0
	g.op("VDUP %s, %s", zeroReg, bytes16(zero))
	for j := range g.vectors {
		for r := range g.rows {
			g.v("fmaxnm 4s", g.sum(r, j), g.sum(r, j), clampLo)
		}
		for r := range g.rows {
			g.v("fminnm 4s", g.sum(r, j), g.sum(r, j), clampHi)
			g.v("fadd 4s", g.sum(r, j), g.sum(r, j), clampMagic)
		}
	}
	halves := g.halves()
	var codes []int
	for i := 0; i < len(halves); i += 2 {
		g.op("VUZP1 %s, %s, %s", bytes16(halves[min(i+1, len(halves)-1)]), bytes16(halves[i]), bytes16(halves[i]))
		codes = append(codes, halves[i])
	}
	for _, c := range codes {
		g.op("VADD %s, %s, %s", bytes16(zero), bytes16(c), bytes16(c))
	}
	g.store(codes)
}

// narrow rounds numbers that are known to fit 16 bits, of which they are saturated to codes.
// The zero point is added by what rounds where that keeps which numbers are even, and else
// behind it.
func (g arm64Results) narrow() {
	const zero, lo, hi = 0, 1, 2
	if !g.keeps {
		g.op("VDUP %s, %s", loReg, words4(clampLo))
	}
	for j := range g.vectors {
		for r := range g.rows {
			g.v("fadd 4s", g.sum(r, j), g.sum(r, j), clampLo)
		}
	}
	halves := g.halves()
	g.op("CBZ %s, saturate%s", zeroReg, g.suffix)
	g.label("addZero")
	g.op("VDUP %s, %s", zeroReg, halves8(zero))
	for _, h := range halves {
		g.v("sqadd 8h", h, h, zero)
	}
	g.label("saturate")
	var codes []int
	for i := 0; i < len(halves); i += 2 {
		g.v("sqxtun 8b", halves[i], halves[i])
		codes = append(codes, halves[i])
	}
	for i := 1; i < len(halves); i += 2 {
		g.v("sqxtun2 16b", halves[i-1], halves[i])
	}
	g.op("MOVD $0xff00, R4 // all codes")
	g.op("CMP R4, %s", hiReg)
	g.op("BEQ whole%s", g.suffix)
	g.label("clampCodes")
	g.op("LSR $8, %s, R4", hiReg)
	g.op("VDUP %s, %s", hiReg, bytes16(lo))
	g.op("VDUP R4, %s", bytes16(hi))
	for _, c := range codes {
		g.op("VUMAX %s, %s, %s", bytes16(lo), bytes16(c), bytes16(c))
	}
	for _, c := range codes {
		g.op("VUMIN %s, %s, %s", bytes16(hi), bytes16(c), bytes16(c))
	}
	g.label("whole")
	g.store(codes)
}

// each goes over the rows.
func (g arm64Results) each(do func(r int)) {
	for r := range g.rows {
		do(r)
	}
}

// halves takes the low halves of the sums, of two vectors into one, which may be of two rows.
// It returns the registers.
func (g arm64Results) halves() []int {
	n := g.rows * g.vectors
	sum := func(i int) int { return g.sum(i/g.vectors, i%g.vectors) }
	var halves []int
	for i := 0; i < n; i += 2 {
		g.op("VUZP1 %s, %s, %s", halves8(sum(min(i+1, n-1))), halves8(sum(i)), halves8(sum(i)))
		halves = append(halves, sum(i))
	}
	return halves
}

// store stores the codes of all rows, one behind the other in these registers.
func (g arm64Results) store(codes []int) {
	g.each(func(r int) {
		first := r * g.vectors // in fours of codes
		switch c := codes[first/4]; g.vectors {
		case 1:
			g.op("VST1.P V%d.S[%d], (%s)(%s)", c, first%4, outReg, ldReg)
		case 2:
			g.op("VST1.P V%d.D[%d], (%s)(%s)", c, first%4/2, outReg, ldReg)
		default:
			g.op("FMOVQ F%d, (%s)", c, outReg)
			g.op("ADD %s, %s", ldReg, outReg)
		}
	})
}
