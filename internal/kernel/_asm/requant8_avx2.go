package main

// requant8AVX2 writes one routine for each rule, as requant8AVX512 does, on 8 accumulators at a
// time. A row whose length is no multiple of 8 ends in a vector that overlaps the one before
// it, so rows have at least 8 columns.
func requant8AVX2(p *printer) {
	realLimit(p)
	requantRowsAVX2(p, "addBias", func() {
		p.op("VCVTDQ2PS Y0, Y0")
		p.op("VADDPS (R8)(AX*4), Y0, Y0")
		p.op("VMULPS (R9)(AX*4), Y0, Y0")
	})
	requantRowsAVX2(p, "intBias", func() {
		p.op("VPADDD (R8)(AX*4), Y0, Y0")
		p.op("VCVTDQ2PS Y0, Y0")
		p.op("VMULPS (R9)(AX*4), Y0, Y0")
	})
	requantRowsAVX2(p, "fusedBias", func() {
		p.op("VCVTDQ2PS Y0, Y0")
		p.op("VFMADD231PS (R8)(AX*4), Y7, Y0")
		p.op("VMULPS (R9)(AX*4), Y0, Y0")
	})
	requantRowsAVX2(p, "realBias", func() {
		p.op("VCVTDQ2PS Y0, Y0")
		p.op("VMULPS (R9)(AX*4), Y0, Y0")
		p.op("VADDPS (R8)(AX*4), Y0, Y0")
		p.op("VMULPS Y7, Y0, Y0")
		p.op("VADDPS Y8, Y0, Y0")
		p.op("VMINPS Y0, Y9, Y0 // NaN stays")
	})
	requant8ToRealAVX2(p, "toReal", func() {
		p.op("VMULPS (R9)(AX*4), Y0, Y0")
		p.op("VADDPS (R8)(AX*4), Y0, Y0")
	})
	requant8ToRealAVX2(p, "toRealFused", func() {
		p.op("VMOVUPS (R9)(AX*4), Y1")
		p.op("VFMADD213PS (R8)(AX*4), Y1, Y0")
	})
	requant8ByRowAVX2(p)
}

// requantRowsAVX2 keeps hi-zero, lo-zero and zero in Y4, Y5, Y6, BiasMul in Y7, the
// zero point of realBias in Y8 and its limit in Y9.
func requantRowsAVX2(p *printer, rule string, value func()) {
	p.text(rule+"AVX2", "arg *rows")
	p.op("MOVQ %s, SI", rowsAcc)
	p.op("MOVQ %s, DX", rowsOut)
	p.op("MOVQ %s, BX", rowsM)
	p.op("MOVQ %s, CX", rowsN)
	p.op("MOVQ %s, R10", rowsLD)
	p.op("MOVQ %s, R8", rowsBias)
	p.op("MOVQ %s, R9", rowsMult)
	p.op("VPBROADCASTD %s, Y4", rowsHi)
	p.op("VPBROADCASTD %s, Y5", rowsLo)
	p.op("VPBROADCASTD %s, Y6", rowsZero)
	p.op("VBROADCASTSS %s, Y7", rowsBiasMul)
	p.op("VBROADCASTSS %s, Y8", rowsRealZero)
	p.op("VBROADCASTSS realLimit<>(SB), Y9")
	rowsOf8(p, func() {
		p.op("VMOVDQU (SI)(AX*4), Y0")
		value()
		p.op("VCVTPS2DQ Y0, Y0")
		p.op("VPMINSD Y4, Y0, Y0")
		p.op("VPMAXSD Y5, Y0, Y0")
		p.op("VPADDD Y6, Y0, Y0")
		p.op("VEXTRACTI128 $1, Y0, X1")
		p.op("VPACKSSDW X1, X0, X0")
		p.op("VPACKUSWB X0, X0, X0")
		p.op("VMOVQ X0, (DX)(AX*1)")
	}, "ADDQ R10, DX")
}

// rowsOf8 ends a routine with the loop over BX rows of CX columns; each step takes the 8
// accumulators at SI+4*AX. begin is what a row begins with; next moves DX to the next row of the
// results.
func rowsOf8(p *printer, step func(), next string, begin ...string) {
	p.op("LEAQ -8(CX), R11 // the last vector")
	p.line("row:")
	for _, op := range begin {
		p.op(op)
	}
	p.op("XORQ AX, AX")
	p.line("column:")
	step()
	p.op("ADDQ $8, AX")
	p.op("CMPQ AX, R11")
	p.op("JLE column")
	p.op("CMPQ AX, CX")
	p.op("JGE next")
	p.op("MOVQ R11, AX")
	p.op("JMP column")
	p.line("next:")
	p.op("LEAQ (SI)(CX*4), SI")
	p.op(next)
	p.op("DECQ BX")
	p.op("JNZ row")
	p.op("VZEROUPPER")
	p.op("RET")
}

// The fields of requant8.realRows.
const (
	realsAcc, realsOut, realsM, realsN = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	realsLD, realsScale, realsBias     = "32(DI)", "40(DI)", "48(DI)"
	realsLo, realsHi                   = "56(DI)", "60(DI)"
	realsScales, realsZeros, realsSums = "64(DI)", "72(DI)", "80(DI)"
)

// requant8ToRealAVX2 writes the routine whose results are float32, 8 at a time; rows end as
// those of the codes do. value scales the numbers in Y0 and adds the bias.
func requant8ToRealAVX2(p *printer, name string, value func()) {
	realRowsAVX2(p, name)
	realsOf8(p, func() {
		p.op("VCVTDQ2PS (SI)(AX*4), Y0")
		value()
	})
}

// requant8ByRowAVX2 writes the routine for rows with scales and zero points of their own, which
// it keeps in Y6 and Y7.
func requant8ByRowAVX2(p *printer) {
	realRowsAVX2(p, "toRealByRow")
	p.op("MOVQ %s, R12", realsScales)
	p.op("MOVQ %s, R13", realsZeros)
	p.op("MOVQ %s, DI", realsSums)
	realsOf8(p, func() {
		p.op("VPMULLD (DI)(AX*4), Y7, Y1")
		p.op("VMOVDQU (SI)(AX*4), Y0")
		p.op("VPSUBD Y1, Y0, Y0")
		p.op("VCVTDQ2PS Y0, Y0")
		p.op("VMULPS (R9)(AX*4), Y6, Y1")
		p.op("VMULPS Y1, Y0, Y0")
		p.op("VADDPS (R8)(AX*4), Y0, Y0")
	}, "VBROADCASTSS (R12), Y6", "MOVBLZX (R13), AX", "VMOVD AX, X7", "VPBROADCASTD X7, Y7", "ADDQ $4, R12", "INCQ R13")
}

// realRowsAVX2 begins a routine whose results are float32.
func realRowsAVX2(p *printer, name string) {
	p.text(name+"AVX2", "arg *realRows")
	p.op("MOVQ %s, SI", realsAcc)
	p.op("MOVQ %s, DX", realsOut)
	p.op("MOVQ %s, BX", realsM)
	p.op("MOVQ %s, CX", realsN)
	p.op("MOVQ %s, R10", realsLD)
	p.op("MOVQ %s, R9", realsScale)
	p.op("MOVQ %s, R8", realsBias)
	p.op("VBROADCASTSS %s, Y4", realsLo)
	p.op("VBROADCASTSS %s, Y5", realsHi)
}

// realsOf8 ends one: value leaves the numbers in Y0.
func realsOf8(p *printer, value func(), begin ...string) {
	rowsOf8(p, func() {
		value()
		p.op("VMAXPS Y0, Y4, Y0 // NaN stays")
		p.op("VMINPS Y0, Y5, Y0")
		p.op("VMOVUPS Y0, (DX)(AX*4)")
	}, "LEAQ (DX)(R10*4), DX", begin...)
}
