package main

import "fmt"

// The fields of elementwise8.codes.
const (
	codesA, codesB, codesOut, codesBlocks = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	codesWord                             = 32 // six words of 32 bits
	codesZero, codesZero16                = "56(DI)", "60(DI)"
	codesLo, codesHi                      = "62(DI)", "63(DI)"
)

func elementwise8AVX512(p *printer) { elementwise8(p, avx512) }
func elementwise8AVX2(p *printer)   { elementwise8(p, avx2) }

// elementwise8 writes one routine for each rule over two operands. A block is
// four vectors of 32-bit numbers and one of codes. The words of the argument
// are in registers 6 to 11, the zero point in 12, the limits of the codes in 13
// and 14, the order of packed bytes in 15. value finds a code of each operand in
// the registers that it is given.
func elementwise8(p *printer, l lanes) {
	c := func(i int) string { return l.r(6 + i) }
	l.packOrder(p, "order"+l.isa)

	// Words: scale and offset of a, of b, reciprocal of the scale, largest real.
	codesRoutine(p, l, "addFloat", func(a, b string) {
		p.op("VCVTDQ2PS %s, %s", a, a)
		p.op("VCVTDQ2PS %s, %s", b, b)
		p.op("VFMADD213PS %s, %s, %s", c(1), c(0), a)
		p.op("VFMADD213PS %s, %s, %s", c(3), c(2), b)
		p.op("VADDPS %s, %s, %s", b, a, a)
		p.op("VMULPS %s, %s, %s", c(4), a, a)
		p.op("VMINPS %s, %s, %s // the limit for NaN", c(5), a, a)
		p.op("VCVTPS2DQ %s, %s", a, a)
		p.op("VPADDD %s, %s, %s", l.r(12), a, a)
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

	// Words: zero points of a and b, multiplier.
	codesRoutine(p, l, "mul", func(a, b string) {
		p.op("VPSUBD %s, %s, %s", c(0), a, a)
		p.op("VPSUBD %s, %s, %s", c(1), b, b)
		p.op("VPMULLD %s, %s, %s", b, a, a)
		p.op("VCVTDQ2PS %s, %s", a, a)
		p.op("VMULPS %s, %s, %s", c(2), a, a)
		p.op("VCVTPS2DQ %s, %s", a, a)
	}, saturatingZero)
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
	p.line("block:")
	for j := range 4 {
		at := fmt.Sprint(j * l.bytes / 4)
		p.op("VPMOVZXBD %s(SI), %s", at, l.r(j))
		p.op("VPMOVZXBD %s(DX), %s", at, l.r(4))
		value(l.r(j), l.r(4))
	}
	l.pack(p, "VPACKUSWB", 15, words)
	p.op("VPMAXUB %s, %s, %s", l.r(13), l.r(0), l.r(0))
	p.op("VPMINUB %s, %s, %s", l.r(14), l.r(0), l.r(0))
	p.op("%s %s, (R8)", l.move(), l.r(0))
	p.op("ADDQ $%d, SI", l.bytes)
	p.op("ADDQ $%d, DX", l.bytes)
	p.op("ADDQ $%d, R8", l.bytes)
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}
