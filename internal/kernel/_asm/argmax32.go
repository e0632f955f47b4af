package main

// The fields of argmax32.pixels.
const (
	argmaxX, argmaxPad, argmaxOffset = "0(DI)", "8(DI)", "16(DI)"
	argmaxOut, argmaxWhich           = "24(DI)", "32(DI)"
	argmaxTaps, argmaxCount          = "40(DI)", "48(DI)"
	argmaxSize, argmaxPixel          = "56(DI)", "64(DI)"
)

func argmax32AVX512(p *printer) { argmax32(p, avx512) }
func argmax32AVX2(p *printer)   { argmax32(p, avx2) }

// argmax32 writes the routine that finds the maximum of each window and the tap that it is at,
// for whole vectors of channels.
func argmax32(p *printer, l lanes) {
	best, which, x, tap, one := l.r(0), l.r(1), l.r(2), l.r(3), l.r(4)
	for i := range l.bytes / 4 {
		p.line("DATA ones<>+%d(SB)/4, $1", 4*i)
	}
	p.line("GLOBL ones<>(SB), RODATA|NOPTR, $%d", l.bytes)
	p.line("")
	p.text("pixels"+l.isa, "arg *pixels")
	p.op("MOVQ %s, SI", argmaxX)
	p.op("MOVQ %s, DX", argmaxPad)
	p.op("MOVQ %s, R11", argmaxOffset)
	p.op("MOVQ %s, R8", argmaxOut)
	p.op("MOVQ %s, R9", argmaxWhich)
	p.op("MOVQ %s, R13", argmaxTaps)
	p.op("%s ones<>(SB), %s", l.move(), one)
	p.line("pixel:")
	p.op("XORQ AX, AX")
	p.line("channels:")
	p.op("MOVQ R11, R12")
	p.op("MOVQ R13, CX")
	first := true
	step := func() {
		p.op("MOVLQSX (R12), BX")
		p.op("TESTQ BX, BX")
		p.op("LEAQ (SI)(BX*4), BX")
		p.op("CMOVQLT DX, BX // padding")
		if first {
			p.op("VMOVUPS (BX)(AX*4), %s", best)
			return
		}
		p.op("VMOVUPS (BX)(AX*4), %s", x)
		p.op("VPADDD %s, %s, %s", one, tap, tap)
		const gt = 0x1e
		if l == avx512 {
			p.op("VCMPPS $%d, %s, %s, K1", gt, best, x)
			p.op("VMOVAPS %s, K1, %s", x, best)
			p.op("VMOVDQA32 %s, K1, %s", tap, which)
		} else {
			p.op("VCMPPS $%d, %s, %s, %s", gt, best, x, l.r(5))
			p.op("VBLENDVPS %s, %s, %s, %s", l.r(5), x, best, best)
			p.op("VBLENDVPS %s, %s, %s, %s", l.r(5), tap, which, which)
		}
	}
	step()
	first = false
	p.op("VPXOR%s %s, %[2]s, %[2]s", l.either("", "D"), which)
	p.op("VPXOR%s %s, %[2]s, %[2]s", l.either("", "D"), tap)
	p.op("JMP next")
	p.line("tap:")
	step()
	p.line("next:")
	p.op("ADDQ $4, R12")
	p.op("DECQ CX")
	p.op("JNZ tap")
	p.op("VMOVUPS %s, (R8)(AX*4)", best)
	if l == avx512 {
		p.op("VPMOVDB %s, (R9)(AX*1)", which)
	} else {
		p.op("VEXTRACTI128 $1, %s, X5", which)
		p.op("VPACKUSDW X5, X1, X1")
		p.op("VPACKUSWB X1, X1, X1")
		p.op("VMOVQ X1, (R9)(AX*1)")
	}
	p.op("ADDQ $%d, AX", l.bytes/4)
	p.op("CMPQ AX, %s", argmaxSize)
	p.op("JLT channels")
	p.op("LEAQ (R11)(R13*4), R11")
	p.op("MOVQ %s, BX", argmaxPixel)
	p.op("LEAQ (R8)(BX*4), R8")
	p.op("ADDQ BX, R9")
	p.op("DECQ %s", argmaxCount)
	p.op("JNZ pixel")
	p.op("VZEROUPPER")
	p.op("RET")
}
