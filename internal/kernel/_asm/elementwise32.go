package main

// The fields of elementwise32.numbers.
const (
	numbersA, numbersB, numbersC = "0(DI)", "8(DI)", "16(DI)"
	numbersOut, numbersVectors   = "24(DI)", "32(DI)"
	numbersLo, numbersHi         = "40(DI)", "44(DI)"
)

func elementwise32AVX512(p *printer) { elementwise32(p, avx512) }
func elementwise32AVX2(p *printer)   { elementwise32(p, avx2) }

// elementwise32 writes one routine for each function, over whole vectors. VMAXPS and VMINPS
// take the number as their second source, which lets NaN pass.
func elementwise32(p *printer, l lanes) {
	x, lo, hi := l.r(0), l.r(2), l.r(3)
	p.line("")
	p.line("DATA three<>+0(SB)/4, $0x40400000")
	p.line("DATA six<>+0(SB)/4, $0x40c00000")
	p.line("GLOBL three<>(SB), RODATA|NOPTR, $4")
	p.line("GLOBL six<>(SB), RODATA|NOPTR, $4")
	three, six, zero, hinge := l.r(4), l.r(5), l.r(6), l.r(1)
	begin := func(name string) {
		p.text(name+l.isa, "arg *numbers")
		p.op("MOVQ %s, SI", numbersA)
		p.op("MOVQ %s, DX", numbersB)
		p.op("MOVQ %s, R9", numbersC)
		p.op("MOVQ %s, R8", numbersOut)
		p.op("MOVQ %s, CX", numbersVectors)
		p.op("VBROADCASTSS %s, %s", numbersLo, lo)
		p.op("VBROADCASTSS %s, %s", numbersHi, hi)
		p.op("VBROADCASTSS three<>(SB), %s", three)
		p.op("VBROADCASTSS six<>(SB), %s", six)
		p.op("VXORPS X%[1]d, X%[1]d, X%[1]d", 6)
		p.op("XORQ AX, AX")
	}
	routine := func(name string, value, end func()) {
		begin(name)
		p.line("vector:")
		p.op("VMOVUPS (SI)(AX*1), %s", x)
		value()
		end()
		p.op("VMOVUPS %s, (R8)(AX*1)", x)
		p.op("ADDQ $%d, AX", l.bytes)
		p.op("DECQ CX")
		p.op("JNZ vector")
		p.op("VZEROUPPER")
		p.op("RET")
	}
	numbersRoutine := func(name string, value func()) {
		routine(name, value, func() {
			p.op("VMAXPS %s, %s, %s", x, lo, x)
			p.op("VMINPS %s, %s, %s", x, hi, x)
		})
	}
	numbersRoutine("clamp", func() {})
	numbersRoutine("add", func() { p.op("VADDPS (DX)(AX*1), %s, %s", x, x) })
	numbersRoutine("mul", func() { p.op("VMULPS (DX)(AX*1), %s, %s", x, x) })
	numbersRoutine("affine", func() { // two roundings
		p.op("VMULPS (DX)(AX*1), %s, %s", x, x)
		p.op("VADDPS (R9)(AX*1), %s, %s", x, x)
	})
	hinged := func() { // min(max(x+3, 0), 6)
		p.op("VADDPS %s, %s, %s", three, x, hinge)
		p.op("VMAXPS %s, %s, %s", hinge, zero, hinge)
		p.op("VMINPS %s, %s, %s", hinge, six, hinge)
	}
	numbersRoutine("hardswish", func() {
		hinged()
		p.op("VMULPS %s, %s, %s", hinge, x, x)
		p.op("VDIVPS %s, %s, %s", six, x, x)
	})
	numbersRoutine("hardsigmoid", func() {
		hinged()
		p.op("VDIVPS %s, %s, %s", six, hinge, x)
	})
	numbersRoutine("sub", func() { p.op("VSUBPS (DX)(AX*1), %s, %s", x, x) })
	numbersRoutine("div", func() { p.op("VDIVPS (DX)(AX*1), %s, %s", x, x) })
	f := newFunctions32(p, l, 0, 7)
	// A function is a long chain of instructions that each wait for the one before, so that two
	// vectors at a time take hardly longer than one.
	functionRoutine := func(name string, value func()) {
		clamped := func(x string) {
			p.op("VMAXPS %s, %s, %s", x, lo, x)
			p.op("VMINPS %s, %s, %s", x, hi, x)
		}
		second := l.r(1)
		begin(name)
		p.op("SUBQ $2, CX")
		p.op("JLT rest")
		p.line("pair:")
		p.op("VMOVUPS (SI)(AX*1), %s", x)
		p.op("VMOVUPS %d(SI)(AX*1), %s", l.bytes, second)
		f.twice(value, second, []string{l.r(4), l.r(5), l.r(6), l.r(13), l.r(14), l.r(15)})
		clamped(x)
		clamped(second)
		p.op("VMOVUPS %s, (R8)(AX*1)", x)
		p.op("VMOVUPS %s, %d(R8)(AX*1)", second, l.bytes)
		p.op("ADDQ $%d, AX", 2*l.bytes)
		p.op("SUBQ $2, CX")
		p.op("JGE pair")
		p.line("rest:")
		p.op("ADDQ $2, CX")
		p.op("JZ end")
		p.op("VMOVUPS (SI)(AX*1), %s", x)
		value()
		clamped(x)
		p.op("VMOVUPS %s, (R8)(AX*1)", x)
		p.line("end:")
		p.op("VZEROUPPER")
		p.op("RET")
	}
	functionRoutine("sigmoid", f.sigmoid)
	functionRoutine("silu", f.silu)
	functionRoutine("tanh", f.tanh)
	functionRoutine("gelu", f.gelu)
	functionRoutine("geluTanh", f.geluTanh)
	f.constants()
	routine("blend", func() { // three roundings
		p.op("VMULPS %s, %s, %s", lo, x, x)
		p.op("VMULPS (DX)(AX*1), %s, %s", hi, hinge)
		p.op("VADDPS %s, %s, %s", hinge, x, x)
	}, func() {})
	const lt = 0x11
	routine("leakyReLU", func() {
		p.op("VMULPS %s, %s, %s", lo, x, hinge)
		if l.evex() {
			p.op("VCMPPS $%d, %s, %s, K1", lt, zero, x)
			p.op("VBLENDMPS %s, %s, K1, %s", hinge, x, x)
			return
		}
		p.op("VCMPPS $%d, %s, %s, %s", lt, zero, x, l.r(7))
		p.op("VBLENDVPS %s, %s, %s, %s", l.r(7), hinge, x, x)
	}, func() {})
}
