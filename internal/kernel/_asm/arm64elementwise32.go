package main

// elementwise32NEON writes one routine for each function, over blocks of four vectors.
func elementwise32NEON(p *printer) {
	f := newArm64Functions(arm64{p})
	const aReg, bReg, cReg, blocks = "R1", "R4", "R5", "R7"
	load := func(register string, to int) {
		f.print(f.loads(functionVectors, 0, register, to))
		f.op("ADD $%d, %s", 16*functionVectors, register)
	}
	whole := func(name string, operands int, value func()) {
		f.text(name+"NEON", "arg *numbers")
		f.op("MOVD %s, %s", at(numbersA), aReg)
		f.op("MOVD %s, %s", at(numbersB), bReg)
		f.op("MOVD %s, %s", at(numbersC), cReg)
		f.op("MOVD %s, %s", at(numbersOut), outReg)
		f.op("MOVD %s, %s", at(numbersVectors), blocks)
		f.broadcast(numbersLo, fLo)
		f.broadcast(numbersHi, fHi)
		f.prepare()
		f.line("block:")
		for i, o := range []struct {
			register string
			to       int
		}{{aReg, fX}, {bReg, fS}, {cReg, fN}} {
			if i < operands {
				load(o.register, o.to)
			}
		}
		value()
		f.flush()
		f.print(f.stores(fX, functionVectors, 0, outReg))
		f.op("ADD $%d, %s", 16*functionVectors, outReg)
		f.op("SUBS $1, %s", blocks)
		f.op("BNE block")
		f.op("RET")
	}
	clamped := func(name string, operands int, value func()) {
		whole(name, operands, func() {
			value()
			f.flush()
			f.clamp([]int{fX, fX + 1, fX + 2, fX + 3}, fLo, fHi, fR)
		})
	}
	clamped("clamp", 1, func() {})
	clamped("add", 2, func() { f.step("fadd 4s", fX, fX, fS) })
	clamped("mul", 2, func() { f.step("fmul 4s", fX, fX, fS) })
	clamped("affine", 3, func() { // two roundings
		f.step("fmul 4s", fX, fX, fS)
		f.step("fadd 4s", fX, fX, fN)
	})
	clamped("hardswish", 1, func() {
		f.hinge()
		f.step("fmul 4s", fX, fX, fS)
		f.with("fdiv 4s", fX, fX, 6)
	})
	clamped("hardsigmoid", 1, func() {
		f.hinge()
		f.with("fdiv 4s", fX, fS, 6)
	})
	clamped("sub", 2, func() { f.step("fsub 4s", fX, fX, fS) })
	clamped("div", 2, func() { f.step("fdiv 4s", fX, fX, fS) })
	clamped("sigmoid", 1, f.sigmoid)
	clamped("silu", 1, f.silu)
	clamped("tanh", 1, f.tanh)
	clamped("gelu", 1, f.gelu)
	clamped("geluTanh", 1, f.geluTanh)
	whole("blend", 2, func() { // three roundings
		f.each(func(j int) { f.v("fmul 4s", fX+j, fX+j, fLo) })
		f.each(func(j int) { f.v("fmul 4s", fS+j, fS+j, fHi) })
		f.step("fadd 4s", fX, fX, fS)
	})
	whole("leakyReLU", 1, func() {
		f.each(func(j int) { f.v("fmul 4s", fS+j, fX+j, fLo) })
		f.real(0, func(j, c int) { f.v("fcmgt 4s", fN+j, c, fX+j) })
		f.each(func(j int) { f.op("VBIT %s, %s, %s", bytes16(fN+j), bytes16(fS+j), bytes16(fX+j)) })
	})
	f.constants()
}
