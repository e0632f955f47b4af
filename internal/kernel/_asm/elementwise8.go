package main

import (
	"fmt"
	"strings"
)

// The fields of elementwise8.codes.
const (
	codesA, codesB, codesOut, codesBlocks = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	codesWord                             = 32 // six words of 32 bits
	codesZero, codesZero16                = "56(DI)", "60(DI)"
	codesLo, codesHi                      = "62(DI)", "63(DI)"
)

func elementwise8AVX512(p *printer) {
	elementwise8(p, avx512)
	mapVBMI(p)
}

func elementwise8AVX2(p *printer) {
	elementwise8(p, avx2)
	mapAVX2(p)
}

// elementwise8 writes one routine for each rule over two operands. A block is four vectors of
// 32-bit numbers and one of codes. The words of the argument are in registers 6 to 11, the zero
// point in 12, the limits of the codes in 13 and 14, the order of packed bytes in 15. value
// computes on a vector of codes of each operand, in the registers that it is given.
func elementwise8(p *printer, l lanes) {
	c := func(i int) string { return l.r(6 + i) }
	l.packOrder(p, "order"+l.isa)

	l.signs(p, "sign"+l.isa)

	// Words: scale and offset of a, of b, reciprocal of the scale, largest real.
	addFloat := func(a, b string) {
		p.op("VFMADD213PS %s, %s, %s", c(1), c(0), a)
		p.op("VFMADD213PS %s, %s, %s", c(3), c(2), b)
		p.op("VADDPS %s, %s, %s", b, a, a)
		p.op("VMULPS %s, %s, %s", c(4), a, a)
		p.op("VMINPS %s, %s, %s // the limit for NaN", c(5), a, a)
		p.op("VCVTPS2DQ %s, %s", a, a)
		p.op("VPADDD %s, %s, %s", l.r(12), a, a)
	}
	codesRoutine(p, l, "addFloat", func(a, b string) {
		p.op("VCVTDQ2PS %s, %s", a, a)
		p.op("VCVTDQ2PS %s, %s", b, b)
		addFloat(a, b)
	}, nil)
	// Register 5 holds 128, by which signed codes are held higher.
	codesRoutine(p, l, "addSigned", func(a, b string) {
		for _, r := range []string{a, b} {
			p.op("VCVTDQ2PS %s, %s", r, r)
			p.op("VSUBPS %s, %s, %s", l.r(5), r, r)
		}
		addFloat(a, b)
	}, nil)

	// Words: factors of a and of b, and what is added to both.
	addRatio := func(a, b string) {
		p.op("VFMADD213PS %s, %s, %s", c(2), c(1), b)
		p.op("VFMADD213PS %s, %s, %s", b, c(0), a)
		p.op("VCVTPS2DQ %s, %s", a, a)
	}
	codesRoutine(p, l, "addRatio", func(a, b string) {
		p.op("VCVTDQ2PS %s, %s", a, a)
		p.op("VCVTDQ2PS %s, %s", b, b)
		addRatio(a, b)
	}, nil)
	codesRoutine(p, l, "addRatioSigned", func(a, b string) {
		for _, r := range []string{a, b} {
			p.op("VCVTDQ2PS %s, %s", r, r)
			p.op("VSUBPS %s, %s, %s", l.r(5), r, r)
		}
		addRatio(a, b)
	}, nil)

	saturatingZero := func(r string) { p.op("VPADDSW %s, %s, %s", l.r(12), r, r) }

	// Words: multipliers of a and b, bias, 2^shift-1, half of it, shift.
	codesRoutine(p, l, "addFixed", func(a, b string) {
		p.op("VPMULLD %s, %s, %s", c(0), a, a)
		p.op("VPMULLD %s, %s, %s", c(1), b, b)
		p.op("VPADDD %s, %s, %s", c(2), a, a)
		p.op("VPADDD %s, %s, %s", b, a, a)
		p.op("VPSRAD $31, %s, %s", a, b)
		p.op("%s %s, %s, %s", l.either("VPAND", "VPANDD"), c(3), a, l.r(5))
		p.op("VPADDD %s, %s, %s // remainder, less 1 below zero", l.r(5), b, b)
		p.op("VPSUBD %s, %s, %s", b, c(4), b)
		p.op("VPSRAD $31, %s, %s // -1 to round up", b, b)
		p.op("VPSRAD X11, %s, %s", a, a)
		p.op("VPSUBD %s, %s, %s", b, a, a)
	}, saturatingZero)

	// Words: zero points of a and b, multiplier, and what mulEarly adds before it rounds.
	for _, rule := range []string{"mul", "mulEarly"} {
		codesRoutine(p, l, rule, func(a, b string) {
			p.op("VPSUBD %s, %s, %s", c(0), a, a)
			p.op("VPSUBD %s, %s, %s", c(1), b, b)
			p.op("VPMULLD %s, %s, %s", b, a, a)
			p.op("VCVTDQ2PS %s, %s", a, a)
			p.op("VMULPS %s, %s, %s", c(2), a, a)
			if rule == "mulEarly" {
				p.op("VADDPS %s, %s, %s", c(3), a, a)
			}
			p.op("VCVTPS2DQ %s, %s", a, a)
		}, saturatingZero)
	}
}

func codesRoutine(p *printer, l lanes, rule string, value func(a, b string), words func(r string)) {
	p.text(rule+l.isa, "arg *codes")
	p.op("MOVQ %s, SI", codesA)
	p.op("MOVQ %s, DX", codesB)
	p.op("MOVQ %s, R8", codesOut)
	p.op("MOVQ %s, CX", codesBlocks)
	for i := range 6 {
		if rule == "addFixed" && i == 5 {
			p.op("VMOVD %d(DI), X11 // a shift is counted by a whole register", codesWord+4*i)
			continue
		}
		p.op("VPBROADCASTD %d(DI), %s", codesWord+4*i, l.r(6+i))
	}
	if words == nil {
		p.op("VPBROADCASTD %s, %s", codesZero, l.r(12))
	} else {
		p.op("VPBROADCASTW %s, %s", codesZero16, l.r(12))
	}
	p.op("VPBROADCASTB %s, %s", codesLo, l.r(13))
	p.op("VPBROADCASTB %s, %s", codesHi, l.r(14))
	p.op("%s order%s<>(SB), %s", l.move(), l.isa, l.r(15))
	pack, most, least := "VPACKUSWB", "VPMAXUB", "VPMINUB"
	signed := strings.HasSuffix(rule, "Signed")
	if signed {
		pack, most, least = "VPACKSSWB", "VPMAXSB", "VPMINSB"
		p.op("MOVL $0x43000000, AX // 128")
		p.op("VMOVD AX, X5")
		p.op("VPBROADCASTD X5, %s", l.r(5))
	}
	p.line("block:")
	for j := range 4 {
		at := fmt.Sprint(j * l.bytes / 4)
		p.op("VPMOVZXBD %s(SI), %s", at, l.r(j))
		p.op("VPMOVZXBD %s(DX), %s", at, l.r(4))
		value(l.r(j), l.r(4))
	}
	l.pack(p, pack, 15, words)
	p.op("%s %s, %s, %s", most, l.r(13), l.r(0), l.r(0))
	p.op("%s %s, %s, %s", least, l.r(14), l.r(0), l.r(0))
	if signed {
		p.op("%s sign%s<>(SB), %s, %s", l.either("VPXOR", "VPXORD"), l.isa, l.r(0), l.r(0))
	}
	p.op("%s %s, (R8)", l.move(), l.r(0))
	p.op("ADDQ $%d, SI", l.bytes)
	p.op("ADDQ $%d, DX", l.bytes)
	p.op("ADDQ $%d, R8", l.bytes)
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}

// mapVBMI looks codes up in the two halves of the table, by their low seven bits,
// and chooses by the high one.
func mapVBMI(p *printer) {
	p.text("mapVBMI", "arg *codes")
	mapPointers(p)
	for i := range 4 {
		p.op("VMOVDQU64 %d(DX), Z%d", 64*i, i)
	}
	p.line("block:")
	p.op("VMOVDQU64 (SI), Z4")
	p.op("VPMOVB2M Z4, K1")
	p.op("VMOVDQA64 Z4, Z5")
	p.op("VPERMI2B Z1, Z0, Z4")
	p.op("VPERMI2B Z3, Z2, Z5")
	p.op("VMOVDQU8 Z5, K1, Z4")
	p.op("VMOVDQU64 Z4, (R8)")
	mapEnd(p, 64)
}

// mapAVX2 looks codes up in 16 parts of the table. Minus 16*i, a code of part i is below 16;
// adding 112 with saturation sets the high bit of all others, for which VPSHUFB gives zero.
func mapAVX2(p *printer) {
	p.text("mapAVX2", "arg *codes")
	mapPointers(p)
	p.op("MOVL $0x10101010, AX")
	p.op("VMOVD AX, X4")
	p.op("VPBROADCASTD X4, Y4")
	p.op("MOVL $0x70707070, AX")
	p.op("VMOVD AX, X5")
	p.op("VPBROADCASTD X5, Y5")
	p.line("block:")
	p.op("VMOVDQU (SI), Y0")
	p.op("VPXOR Y3, Y3, Y3")
	for i := range 16 {
		p.op("VBROADCASTI128 %d(DX), Y1", 16*i)
		p.op("VPADDUSB Y5, Y0, Y2")
		p.op("VPSHUFB Y2, Y1, Y1")
		p.op("VPOR Y1, Y3, Y3")
		if i < 15 {
			p.op("VPSUBB Y4, Y0, Y0")
		}
	}
	p.op("VMOVDQU Y3, (R8)")
	mapEnd(p, 32)
}

// mapPointers leaves the codes in SI, the table in DX and the result in R8.
func mapPointers(p *printer) {
	p.op("MOVQ %s, SI", codesA)
	p.op("MOVQ %s, DX", codesB)
	p.op("MOVQ %s, R8", codesOut)
	p.op("MOVQ %s, CX", codesBlocks)
}

func mapEnd(p *printer, bytes int) {
	p.op("ADDQ $%d, SI", bytes)
	p.op("ADDQ $%d, R8", bytes)
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}
