package main

// Registers of blocks of sixteen codes: of both operands, what they become, in words, and the
// constants.
const (
	pairA, pairB     = 0, 1
	wordsA, wordsB   = 2, 6   // four of each
	wordsT           = 10     // four more
	pairWord         = 16     // six
	pairZero         = 22     // in words
	pairZero16       = 23     // in halves
	pairLo, pairHi   = 24, 25 // in bytes
	pairSign         = 26     // the bit in which signed and unsigned codes differ
	pairLimit        = 27     // 2^31 and -2^31
	pairLeast        = 28
	mapTable         = 16 // sixteen
	mapCodes, mapped = 0, 1
)

// elementwise8NEON writes the routines of rules over two operands, and of tables.
func elementwise8NEON(p *printer) {
	a := arm64{p}
	a.codesMap()

	// Words: scale and offset of a, of b, reciprocal of the scale, largest real.
	sum := func(each func(do func(i int))) {
		for i, v := range []int{wordsA, wordsB} {
			each(func(j int) { a.v("scvtf 4s", v+j, v+j) })
			if i == 0 {
				each(func(j int) { a.move(pairWord+1, wordsT+j) })
				each(func(j int) { a.fused(wordsA+j, pairWord, wordsT+j) })
			} else {
				each(func(j int) { a.move(pairWord+3, wordsA+j) })
				each(func(j int) { a.fused(wordsB+j, pairWord+2, wordsA+j) })
			}
		}
		each(func(j int) { a.v("fadd 4s", wordsA+j, wordsT+j, wordsA+j) })
		each(func(j int) { a.v("fmul 4s", wordsA+j, wordsA+j, pairWord+4) })
		each(func(j int) { a.v("fcmgt 4s", wordsB+j, pairWord+5, wordsA+j) })
		each(func(j int) { // the limit for NaN
			a.op("VBIF %s, %s, %s", bytes16(wordsB+j), bytes16(pairWord+5), bytes16(wordsA+j))
		})
		each(func(j int) { a.v("fcvtns 4s", wordsA+j, wordsA+j) })
		each(func(j int) { a.op("VADD %s, %s, %s", words4(pairZero), words4(wordsA+j), words4(wordsA+j)) })
	}
	codesLoop{arm64: a, rule: "addFloat", value: sum}.write()
	codesLoop{arm64: a, rule: "addSigned", signed: true, value: sum}.write()

	// Words: multipliers of a and b, bias, and the shift as the last. SRSHL rounds halves up:
	// with 1 less below zero it rounds them away from zero.
	codesLoop{arm64: a, rule: "addFixed", zero: true, value: func(each func(do func(i int))) {
		each(func(j int) { a.move(pairWord+2, wordsT+j) })
		each(func(j int) { a.v("mla 4s", wordsT+j, wordsA+j, pairWord) })
		each(func(j int) { a.v("mla 4s", wordsT+j, wordsB+j, pairWord+1) })
		each(func(j int) { a.op("VUSHR $31, %s, %s", words4(wordsT+j), words4(wordsA+j)) })
		each(func(j int) { a.v("sqsub 4s", wordsT+j, wordsT+j, wordsA+j) })
		each(func(j int) { a.v("srshl 4s", wordsA+j, wordsT+j, pairWord+5) })
	}}.write()

	// Words: factors of a and of b, what is added to both, and as the last whether sums may
	// exceed int32.
	ratio := func(each func(do func(i int))) {
		each(func(j int) { a.v("scvtf 4s", wordsB+j, wordsB+j) })
		each(func(j int) { a.move(pairWord+2, wordsT+j) })
		each(func(j int) { a.fused(wordsB+j, pairWord+1, wordsT+j) })
		each(func(j int) { a.v("scvtf 4s", wordsA+j, wordsA+j) })
		each(func(j int) { a.fused(wordsA+j, pairWord, wordsT+j) })
		a.integers(each, wordsT)
	}
	codesLoop{arm64: a, rule: "addRatio", value: ratio}.write()
	codesLoop{arm64: a, rule: "addRatioSigned", signed: true, value: ratio}.write()

	// Words: zero points of a and b, multiplier, what mulEarly adds before it rounds, and as the
	// last whether products may exceed int32.
	for _, early := range []bool{false, true} {
		l := codesLoop{arm64: a, rule: "mul", zero: true, halves: true}
		if early {
			l.rule = "mulEarly"
		}
		l.value = func(each func(do func(i int))) {
			for i, v := range []int{wordsA, wordsB} {
				for h := range 2 {
					a.op("VSUB %s, %s, %s", halves8(pairWord+i), halves8(v+2*h), halves8(v+2*h))
				}
			}
			for h := range 2 {
				a.v("smull 4s", wordsT+2*h, wordsA+2*h, wordsB+2*h)
				a.v("smull2 4s", wordsT+2*h+1, wordsA+2*h, wordsB+2*h)
			}
			each(func(j int) { a.v("scvtf 4s", wordsT+j, wordsT+j) })
			each(func(j int) { a.v("fmul 4s", wordsT+j, wordsT+j, pairWord+2) })
			if early {
				each(func(j int) { a.v("fadd 4s", wordsT+j, wordsT+j, pairWord+3) })
			}
			a.integers(each, wordsT)
		}
		l.write()
	}
}

// integers rounds four vectors of numbers to words at wordsA. Those that int32 cannot hold
// become the least integer; they are looked at where the last word of the argument says that
// there may be any.
func (a arm64) integers(each func(do func(i int)), from int) {
	a.op("CBZ %s, round", largeReg)
	each(func(j int) { a.v("fcmgt 4s", wordsB+j, pairLimit, from+j) })
	each(func(j int) { a.op("VBIF %s, %s, %s", bytes16(wordsB+j), bytes16(pairLeast), bytes16(from+j)) })
	a.line("round:")
	each(func(j int) { a.v("fcvtns 4s", wordsA+j, from+j) })
}

// limits loads 2^31, which int32 cannot hold, and -2^31 as numbers.
func (a arm64) limits(limit, least int) {
	for _, c := range []struct {
		bits string
		to   int
	}{{"$0x4f000000, %s // 2^31", limit}, {"$0xcf000000, %s // -2^31", least}} {
		a.op("MOVD "+c.bits, temp)
		a.op("VDUP %s, %s", temp, words4(c.to))
	}
}

// largeReg holds the last word of a rule that needs to know what int32 may not hold.
const largeReg = "R6"

// fused adds the product of two vectors with one rounding.
func (a arm64) fused(x, y, sum int) { a.op("VFMLA %s, %s, %s", words4(x), words4(y), words4(sum)) }

// codesLoop writes the routine of a rule: value makes words of those of both operands.
type codesLoop struct {
	arm64
	rule   string
	value  func(each func(do func(i int)))
	signed bool // codes are held 128 higher than they count
	halves bool // value takes halves, in every other register, and their zero points
	zero   bool // the zero point is added, saturating, after words are narrowed
}

func (l codesLoop) write() {
	const aReg, bReg, blocks = "R1", "R4", "R5"
	a := l.arm64
	a.text(l.rule+"NEON", "arg *codes")
	a.op("MOVD %s, %s", at(codesA), aReg)
	a.op("MOVD %s, %s", at(codesB), bReg)
	a.op("MOVD %s, %s", at(codesOut), outReg)
	a.op("MOVD %s, %s", at(codesBlocks), blocks)
	for i := range 6 {
		a.op("MOVWU %d(%s), %s", codesWord+4*i, argument, temp)
		if l.rule == "addFixed" && i == 5 {
			a.op("NEGW %s, %s // to the right", temp, temp)
		}
		if l.halves && i < 2 {
			a.op("VDUP %s, %s", temp, halves8(pairWord+i))
			continue
		}
		a.op("VDUP %s, %s", temp, words4(pairWord+i))
	}
	a.op("MOVD %s, %s", temp, largeReg)
	a.limits(pairLimit, pairLeast)
	if l.signed {
		a.op("VMOVI $0x80, %s", bytes16(pairSign))
	}
	for _, c := range []struct{ load, field, to string }{
		{"MOVW", codesZero, words4(pairZero)}, {"MOVH", codesZero16, halves8(pairZero16)},
		{"MOVBU", codesLo, bytes16(pairLo)}, {"MOVBU", codesHi, bytes16(pairHi)},
	} {
		a.op("%s %s, %s", c.load, at(c.field), temp)
		if l.signed && c.load == "MOVH" {
			a.op("MOVD $128, %s", temp)
		}
		if l.signed && c.load == "MOVBU" {
			a.op("EOR $0x80, %s", temp)
		}
		a.op("VDUP %s, %s", temp, c.to)
	}
	a.line("block:")
	a.op("FMOVQ.P 16(%s), F%d", aReg, pairA)
	a.op("FMOVQ.P 16(%s), F%d", bReg, pairB)
	for i, to := range []int{wordsA, wordsB} {
		from := pairA + i
		switch {
		case l.halves:
			a.op("VUXTL V%d.B8, V%d.H8", from, to)
			a.op("VUXTL2 V%d.B16, V%d.H8", from, to+2)
		case l.signed:
			a.op("VEOR %s, %s, %s", bytes16(pairSign), bytes16(from), bytes16(from))
			a.v("sxtl 8h", to, from)
			a.v("sxtl2 8h", to+2, from)
			for _, v := range []int{to, to + 2} {
				a.v("sxtl2 4s", v+1, v)
				a.v("sxtl 4s", v, v)
			}
		default:
			a.words(from, to)
		}
	}
	l.value(func(do func(i int)) {
		for j := range 4 {
			do(j)
		}
	})
	for _, i := range []int{wordsA, wordsA + 2} {
		a.v("sqxtn 4h", i, i)
		a.v("sqxtn2 8h", i, i+1)
	}
	for _, i := range []int{wordsA, wordsA + 2} {
		if l.zero || l.signed {
			a.v("sqadd 8h", i, i, pairZero16)
		}
	}
	a.v("sqxtun 8b", wordsA, wordsA)
	a.v("sqxtun2 16b", wordsA, wordsA+2)
	a.op("VUMAX %s, %s, %s", bytes16(pairLo), bytes16(wordsA), bytes16(wordsA))
	a.op("VUMIN %s, %s, %s", bytes16(pairHi), bytes16(wordsA), bytes16(wordsA))
	a.op("FMOVQ.P F%d, 16(%s)", wordsA, outReg)
	a.op("SUBS $1, %s", blocks)
	a.op("BNE block")
	a.op("RET")
}

// codesMap writes the routine of a table of 256 codes: it looks into a quarter at a time.
func (a arm64) codesMap() {
	const aReg, blocks, quarter = "R1", "R5", 2
	a.text("mapNEON", "arg *codes")
	a.op("MOVD %s, %s", at(codesA), aReg)
	a.op("MOVD %s, %s", at(codesB), temp)
	a.op("MOVD %s, %s", at(codesOut), outReg)
	a.op("MOVD %s, %s", at(codesBlocks), blocks)
	a.print(a.loads(16, 0, temp, mapTable))
	a.op("VMOVI $64, %s", bytes16(quarter))
	a.line("block:")
	a.op("FMOVQ.P 16(%s), F%d", aReg, mapCodes)
	for q := range 4 {
		table := ""
		for i := range 4 {
			table += []string{"", ", ", ", ", ", "}[i] + bytes16(mapTable+4*q+i)
		}
		look := "VTBX"
		if q == 0 {
			look = "VTBL"
		} else {
			a.op("VSUB %s, %s, %s", bytes16(quarter), bytes16(mapCodes), bytes16(mapCodes))
		}
		a.op("%s %s, [%s], %s", look, bytes16(mapCodes), table, bytes16(mapped))
	}
	a.op("FMOVQ.P F%d, 16(%s)", mapped, outReg)
	a.op("SUBS $1, %s", blocks)
	a.op("BNE block")
	a.op("RET")
}
