package main

import "fmt"

// The fields of requant8.rows.
const (
	rowsAcc, rowsOut, rowsM, rowsN = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	rowsLD, rowsBias, rowsMult     = "32(DI)", "40(DI)", "48(DI)"
	rowsBiasMul                    = "56(DI)"
	rowsZero, rowsLo, rowsHi       = "60(DI)", "64(DI)", "68(DI)"
	rowsRealZero                   = "72(DI)"
)

// requant8AVX512 writes one routine for each rule. They differ only in the step from the
// accumulator to the real value: it takes the accumulator in Z0, the channel's bias and
// multiplier in Z1 and Z2, and leaves the value before rounding in Z0.
func requant8AVX512(p *printer) {
	realLimit(p)
	requantRoutine(p, "addBias", func() {
		p.op("VCVTDQ2PS Z0, Z0")
		p.op("VADDPS Z1, Z0, Z0")
		p.op("VMULPS Z2, Z0, Z0")
	})
	requantRoutine(p, "intBias", func() {
		p.op("VPADDD Z1, Z0, Z0")
		p.op("VCVTDQ2PS Z0, Z0")
		p.op("VMULPS Z2, Z0, Z0")
	})
	requantRoutine(p, "fusedBias", func() {
		p.op("VCVTDQ2PS Z0, Z0")
		p.op("VFMADD231PS Z1, Z7, Z0")
		p.op("VMULPS Z2, Z0, Z0")
	})
	requantRoutine(p, "realBias", func() {
		p.op("VCVTDQ2PS Z0, Z0")
		p.op("VMULPS Z2, Z0, Z0")
		p.op("VADDPS Z1, Z0, Z0")
		p.op("VMULPS Z7, Z0, Z0")
		p.op("VADDPS Z8, Z0, Z0")
		p.op("VMINPS Z0, Z9, Z0 // NaN stays")
	})
}

// requantRoutine keeps hi-zero, lo-zero and zero in Z4, Z5, Z6, BiasMul in Z7, the
// zero point of realBias in Z8 and its limit in Z9.
// Rounding to int32 gives -2^31 outside its range, as the contract does, and one
// clamp replaces both saturations at int16, since codes are far inside that range.
func requantRoutine(p *printer, rule string, value func()) {
	step := func(mask string) {
		zeroing := ""
		if mask != "" {
			zeroing, mask = ".Z", mask+", "
		}
		p.op("VMOVDQU32%s (SI)(AX*4), %sZ0", zeroing, mask)
		p.op("VMOVDQU32%s (R8)(AX*4), %sZ1", zeroing, mask)
		p.op("VMOVDQU32%s (R9)(AX*4), %sZ2", zeroing, mask)
		value()
		p.op("VCVTPS2DQ Z0, Z0")
		p.op("VPMINSD Z4, Z0, Z0")
		p.op("VPMAXSD Z5, Z0, Z0")
		p.op("VPADDD Z6, Z0, Z0")
		p.op("VPMOVDB Z0, %s(DX)(AX*1)", mask)
	}
	p.text(fmt.Sprintf("%sAVX512", rule), "arg *rows")
	p.op("MOVQ %s, SI", rowsAcc)
	p.op("MOVQ %s, DX", rowsOut)
	p.op("MOVQ %s, BX", rowsM)
	p.op("MOVQ %s, CX", rowsN)
	p.op("MOVQ %s, R10", rowsLD)
	p.op("MOVQ %s, R8", rowsBias)
	p.op("MOVQ %s, R9", rowsMult)
	p.op("VPBROADCASTD %s, Z4", rowsHi)
	p.op("VPBROADCASTD %s, Z5", rowsLo)
	p.op("VPBROADCASTD %s, Z6", rowsZero)
	p.op("VBROADCASTSS %s, Z7", rowsBiasMul)
	p.op("VBROADCASTSS %s, Z8", rowsRealZero)
	p.op("VBROADCASTSS realLimit<>(SB), Z9")
	p.op("MOVQ CX, R11")
	p.op("ANDQ $-16, R11 // whole vectors")
	p.op("MOVQ CX, R12")
	p.op("SUBQ R11, R12")
	p.op("MOVQ $1, R13")
	p.op("XCHGQ CX, R12")
	p.op("SHLQ CX, R13")
	p.op("DECQ R13")
	p.op("KMOVW R13, K1 // columns of the last vector")
	p.op("XCHGQ CX, R12")
	p.line("row:")
	p.op("XORQ AX, AX")
	p.op("CMPQ AX, R11")
	p.op("JGE tail")
	p.line("column:")
	step("")
	p.op("ADDQ $16, AX")
	p.op("CMPQ AX, R11")
	p.op("JLT column")
	p.line("tail:")
	p.op("TESTQ R13, R13")
	p.op("JZ next")
	step("K1")
	p.line("next:")
	p.op("LEAQ (SI)(CX*4), SI")
	p.op("ADDQ R10, DX")
	p.op("DECQ BX")
	p.op("JNZ row")
	p.op("VZEROUPPER")
	p.op("RET")
}
