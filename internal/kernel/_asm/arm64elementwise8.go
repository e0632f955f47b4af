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
	mapTable         = 16     // sixteen
	mapCodes, mapped = 0, 1
)

// elementwise8NEON writes the routines of rules over two operands, and of tables.
func elementwise8NEON(p *printer) {
	a := arm64{p}
	a.codesMap()

	// Words: scale and offset of a, of b, reciprocal of the scale, largest real.
	a.codesRule("addFloat", func(each func(do func(i int))) {
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
	}, false)

	// Words: multipliers of a and b, bias, and the shift as the last. SRSHL rounds halves up:
	// with 1 less below zero it rounds them away from zero.
	a.codesRule("addFixed", func(each func(do func(i int))) {
		each(func(j int) { a.move(pairWord+2, wordsT+j) })
		each(func(j int) { a.v("mla 4s", wordsT+j, wordsA+j, pairWord) })
		each(func(j int) { a.v("mla 4s", wordsT+j, wordsB+j, pairWord+1) })
		each(func(j int) { a.op("VUSHR $31, %s, %s", words4(wordsT+j), words4(wordsA+j)) })
		each(func(j int) { a.v("sqsub 4s", wordsT+j, wordsT+j, wordsA+j) })
		each(func(j int) { a.v("srshl 4s", wordsA+j, wordsT+j, pairWord+5) })
	}, true)
}

// fused adds the product of two vectors with one rounding.
func (a arm64) fused(x, y, sum int) { a.op("VFMLA %s, %s, %s", words4(x), words4(y), words4(sum)) }

// codesRule writes the routine of a rule: value makes words of those of both operands. With
// saturating, the zero point is added after words are narrowed.
func (a arm64) codesRule(rule string, value func(each func(do func(i int))), saturating bool) {
	const aReg, bReg, blocks = "R1", "R4", "R5"
	a.text(rule+"NEON", "arg *codes")
	a.op("MOVD %s, %s", at(codesA), aReg)
	a.op("MOVD %s, %s", at(codesB), bReg)
	a.op("MOVD %s, %s", at(codesOut), outReg)
	a.op("MOVD %s, %s", at(codesBlocks), blocks)
	for i := range 6 {
		a.op("MOVWU %d(%s), %s", codesWord+4*i, argument, temp)
		if saturating && i == 5 {
			a.op("NEGW %s, %s // to the right", temp, temp)
		}
		a.op("VDUP %s, %s", temp, words4(pairWord+i))
	}
	for _, c := range []struct {
		load, field, to string
	}{{"MOVW", codesZero, words4(pairZero)}, {"MOVH", codesZero16, halves8(pairZero16)}, {"MOVBU", codesLo, bytes16(pairLo)}, {"MOVBU", codesHi, bytes16(pairHi)}} {
		a.op("%s %s, %s", c.load, at(c.field), temp)
		a.op("VDUP %s, %s", temp, c.to)
	}
	a.line("block:")
	a.op("FMOVQ.P 16(%s), F%d", aReg, pairA)
	a.op("FMOVQ.P 16(%s), F%d", bReg, pairB)
	for i, to := range []int{wordsA, wordsB} {
		a.op("VUXTL V%d.B8, V%d.H8", pairA+i, to)
		a.op("VUXTL2 V%d.B16, V%d.H8", pairA+i, to+2)
	}
	for _, to := range []int{wordsA, wordsA + 2, wordsB, wordsB + 2} {
		a.op("VUXTL2 V%d.H8, V%d.S4", to, to+1)
		a.op("VUXTL V%d.H4, V%d.S4", to, to)
	}
	value(func(do func(i int)) {
		for j := range 4 {
			do(j)
		}
	})
	for _, i := range []int{wordsA, wordsA + 2} {
		a.v("sqxtn 4h", i, i)
		a.v("sqxtn2 8h", i, i+1)
	}
	for _, i := range []int{wordsA, wordsA + 2} {
		if saturating {
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
