package main

// Registers of blocks of sixteen numbers, in four vectors, and their constants.
const (
	quantized                       = 0 // four
	quantizeFactor, quantizeLargest = 4, 5
	quantizeZero, quantizeFlip      = 6, 7
	quantizeLo, quantizeHi          = 16, 17
)

// quantizeNEON writes the routines of quantize for NEON.
func quantizeNEON(p *printer) {
	a := arm64{p}
	for _, signed := range []bool{false, true} {
		a.toCodes(signed, false)
		a.toCodes(signed, true)
	}
	a.toReals()
}

// toCodes writes the routines to codes, which multiply by the factor or divide by it. Signed
// codes get their 128 between two saturations, and limits that are 128 higher.
func (a arm64) toCodes(signed, divide bool) {
	const from, to, blocks = "R1", "R4", "R5"
	name, scale := "toUnsigned", "fmul 4s"
	if signed {
		name = "toSigned"
	}
	if divide {
		name, scale = name+"Divided", "fdiv 4s"
	}
	a.text(name+"NEON", "arg *numbers")
	a.op("MOVD %s, %s", at(convertReal), from)
	a.op("MOVD %s, %s", at(convertCodes), to)
	a.op("MOVD %s, %s", at(convertBlocks), blocks)
	for _, c := range []struct {
		field string
		to    int
	}{{convertFactor, quantizeFactor}, {convertLargest, quantizeLargest}, {convertZero, quantizeZero}} {
		a.op("MOVWU %s, %s", at(c.field), temp)
		a.op("VDUP %s, %s", temp, words4(c.to))
	}
	if signed {
		a.op("MOVD $128, %s", temp)
		a.op("VDUP %s, %s", temp, halves8(quantizeFlip))
	}
	for _, c := range []struct {
		field string
		to    int
	}{{convertLo, quantizeLo}, {convertHi, quantizeHi}} {
		a.op("MOVBU %s, %s", at(c.field), temp)
		if signed {
			a.op("EOR $0x80, %s", temp)
		}
		a.op("VDUP %s, %s", temp, bytes16(c.to))
	}
	each := func(step int, do func(v int)) {
		for j := 0; j < 4; j += step {
			do(quantized + j)
		}
	}
	a.line("block:")
	a.op("FLDPQ.P 64(%s), (F%d, F%d)", from, quantized, quantized+1)
	a.op("FLDPQ -32(%s), (F%d, F%d)", from, quantized+2, quantized+3)
	each(1, func(v int) { a.v(scale, v, v, quantizeFactor) })
	each(1, func(v int) { a.v("fminnm 4s", v, v, quantizeLargest) }) // the limit for NaN
	each(1, func(v int) { a.v("fcvtns 4s", v, v) })
	each(1, func(v int) { a.op("VADD %s, %s, %s", words4(quantizeZero), words4(v), words4(v)) })
	each(2, func(v int) { a.v("sqxtn 4h", v, v) })
	each(2, func(v int) { a.v("sqxtn2 8h", v, v+1) })
	if signed {
		each(2, func(v int) { a.v("sqadd 8h", v, v, quantizeFlip) })
	}
	a.v("sqxtun 8b", quantized, quantized)
	a.v("sqxtun2 16b", quantized, quantized+2)
	a.op("VUMAX %s, %s, %s", bytes16(quantizeLo), bytes16(quantized), bytes16(quantized))
	a.op("VUMIN %s, %s, %s", bytes16(quantizeHi), bytes16(quantized), bytes16(quantized))
	a.op("FMOVQ.P F%d, 16(%s)", quantized, to)
	a.op("SUBS $1, %s", blocks)
	a.op("BNE block")
	a.op("RET")
}

// toReals writes the routine to numbers.
func (a arm64) toReals() {
	const from, to, blocks = "R1", "R4", "R5"
	const codes = 16
	a.text("toRealsNEON", "arg *numbers")
	a.op("MOVD %s, %s", at(convertReal), to)
	a.op("MOVD %s, %s", at(convertCodes), from)
	a.op("MOVD %s, %s", at(convertBlocks), blocks)
	a.op("MOVWU %s, %s", at(convertFactor), temp)
	a.op("VDUP %s, %s", temp, words4(quantizeFactor))
	a.op("MOVWU %s, %s", at(convertZero), temp)
	a.op("VDUP %s, %s", temp, words4(quantizeZero))
	each := func(do func(v int)) {
		for j := range 4 {
			do(quantized + j)
		}
	}
	a.line("block:")
	a.op("FMOVQ.P 16(%s), F%d", from, codes)
	a.words(codes, quantized)
	each(func(v int) { a.op("VSUB %s, %s, %s", words4(quantizeZero), words4(v), words4(v)) })
	each(func(v int) { a.v("scvtf 4s", v, v) })
	each(func(v int) { a.v("fmul 4s", v, v, quantizeFactor) })
	a.op("FSTPQ.P (F%d, F%d), 64(%s)", quantized, quantized+1, to)
	a.op("FSTPQ (F%d, F%d), -32(%s)", quantized+2, quantized+3, to)
	a.op("SUBS $1, %s", blocks)
	a.op("BNE block")
	a.op("RET")
}

// words makes four vectors of words, from register to on, of sixteen codes.
func (a arm64) words(codes, to int) {
	a.op("VUXTL V%d.B8, V%d.H8", codes, to)
	a.op("VUXTL2 V%d.B16, V%d.H8", codes, to+2)
	for _, v := range []int{to, to + 2} {
		a.op("VUXTL2 V%d.H8, V%d.S4", v, v+1)
		a.op("VUXTL V%d.H4, V%d.S4", v, v)
	}
}
