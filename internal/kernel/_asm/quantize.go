package main

// The fields of quantize.numbers.
const (
	convertReal, convertCodes = "0(DI)", "8(DI)"
	convertBlocks             = "16(DI)"
	convertFactor             = "24(DI)"
	convertLargest            = "28(DI)"
	convertZero               = "32(DI)"
	convertLo, convertHi      = "36(DI)", "37(DI)"
)

func quantizeAVX512(p *printer) { quantize(p, avx512) }
func quantizeAVX2(p *printer)   { quantize(p, avx2) }

// quantize writes the routines to codes, over blocks of four vectors of numbers, for codes
// with and without sign, that multiply by the factor or divide by it, and to numbers, over
// blocks of one.
func quantize(p *printer, l lanes) {
	l.packOrder(p, "order"+l.isa)
	l.signs(p, "sign"+l.isa)
	for _, signed := range []bool{false, true} {
		toCodes(p, l, signed, false)
		toCodes(p, l, signed, true)
	}
	toReals(p, l)
}

func toCodes(p *printer, l lanes, signed, divide bool) {
	name, pack, most, least := "toUnsigned", "VPACKUSWB", "VPMAXUB", "VPMINUB"
	if signed {
		name, pack, most, least = "toSigned", "VPACKSSWB", "VPMAXSB", "VPMINSB"
	}
	if divide {
		name += "Divided"
	}
	p.text(name+l.isa, "arg *numbers")
	p.op("MOVQ %s, SI", convertReal)
	p.op("MOVQ %s, R8", convertCodes)
	p.op("MOVQ %s, CX", convertBlocks)
	p.op("VBROADCASTSS %s, %s", convertFactor, l.r(4))
	p.op("VBROADCASTSS %s, %s", convertLargest, l.r(5))
	p.op("VPBROADCASTD %s, %s", convertZero, l.r(6))
	p.op("VPBROADCASTB %s, %s", convertLo, l.r(7))
	p.op("VPBROADCASTB %s, %s", convertHi, l.r(8))
	p.op("%s order%s<>(SB), %s", l.move(), l.isa, l.r(9))
	p.line("block:")
	for j := range 4 {
		if divide {
			p.op("VMOVUPS %d(SI), %s", j*l.bytes, l.r(j))
			p.op("VDIVPS %s, %s, %s", l.r(4), l.r(j), l.r(j))
		} else {
			p.op("VMULPS %d(SI), %s, %s", j*l.bytes, l.r(4), l.r(j))
		}
		p.op("VMINPS %s, %s, %s // the limit for NaN", l.r(5), l.r(j), l.r(j))
		p.op("VCVTPS2DQ %s, %s", l.r(j), l.r(j))
		p.op("VPADDD %s, %s, %s", l.r(6), l.r(j), l.r(j))
	}
	l.pack(p, pack, 9, nil)
	p.op("%s %s, %s, %s", most, l.r(7), l.r(0), l.r(0))
	p.op("%s %s, %s, %s", least, l.r(8), l.r(0), l.r(0))
	if signed {
		p.op("%s sign%s<>(SB), %s, %s", l.either("VPXOR", "VPXORD"), l.isa, l.r(0), l.r(0))
	}
	p.op("%s %s, (R8)", l.move(), l.r(0))
	p.op("ADDQ $%d, SI", 4*l.bytes)
	p.op("ADDQ $%d, R8", l.bytes)
	convertEnd(p)
}

func toReals(p *printer, l lanes) {
	p.text("toReals"+l.isa, "arg *numbers")
	p.op("MOVQ %s, R8", convertReal)
	p.op("MOVQ %s, SI", convertCodes)
	p.op("MOVQ %s, CX", convertBlocks)
	p.op("VBROADCASTSS %s, %s", convertFactor, l.r(4))
	p.op("VPBROADCASTD %s, %s", convertZero, l.r(6))
	p.line("block:")
	p.op("VPMOVZXBD (SI), %s", l.r(0))
	p.op("VPSUBD %s, %s, %s", l.r(6), l.r(0), l.r(0))
	p.op("VCVTDQ2PS %s, %s", l.r(0), l.r(0))
	p.op("VMULPS %s, %s, %s", l.r(4), l.r(0), l.r(0))
	p.op("VMOVUPS %s, (R8)", l.r(0))
	p.op("ADDQ $%d, SI", l.bytes/4)
	p.op("ADDQ $%d, R8", l.bytes)
	convertEnd(p)
}

func convertEnd(p *printer) {
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}
