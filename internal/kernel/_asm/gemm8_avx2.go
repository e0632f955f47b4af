package main

import "fmt"

// The fields of gemm8.wideTile.
const (
	wideRows, wideStride, widePanel = "0(DI)", "8(DI)", "16(DI)"
	wideInit, widePairs             = "24(DI)", "32(DI)"
	wideAdvance                     = "40(DI)"
	wideResults                     = 48
)

// gemm8AVX2 writes tiles of 6 rows and of 1 by 8 and 16 columns. A step takes two codes of
// each row, widened to 16 bits, and multiplies them by two 16-bit weights of each
// column with VPMADDWD. A pair of products stays below 2^17, so nothing saturates
// and the sums are exact for all codes.
//
// Sums are in Y0 to Y11, weights in Y12 and Y13, a broadcast pair of codes in Y14,
// products in Y15.
func gemm8AVX2(p *printer) {
	// Packing two rows within lanes alternates their halves.
	p.dwords("unlane256", []int{0, 4, 1, 5, 2, 6, 3, 7})
	for nv := 1; nv <= 2; nv++ {
		wideTile(p, len(rowRegs), nv)
		wideTile(p, 1, nv)
	}
	widen(p)
}

func wideTile(p *printer, mr, nv int) {
	acc := func(r, j int) string { return fmt.Sprintf("Y%d", r*nv+j) }
	weight := func(j int) string { return fmt.Sprintf("Y%d", 12+j) }
	p.text(fmt.Sprintf("tiles%dx%dAVX2", mr, 8*nv), "arg *wideTile")
	p.op("MOVQ $0, %s", wideAdvance)
	p.op("MOVQ $0, %d(DI)", wideResults+resultsAdvance)
	p.line("tile:")
	p.op("MOVQ %s, R8", wideRows)
	p.op("ADDQ %s, R8", wideAdvance)
	p.op("MOVQ %s, AX", wideStride)
	for r := 1; r < mr; r++ {
		p.op("LEAQ (%s)(AX*1), %s", rowRegs[r-1], rowRegs[r])
	}
	p.op("MOVQ %s, DX", widePanel)
	p.op("MOVQ %s, AX", wideInit)
	for j := range nv {
		p.op("VMOVDQU %d(AX), %s", 32*j, acc(0, j))
	}
	for r := 1; r < mr; r++ {
		for j := range nv {
			p.op("VMOVDQA %s, %s", acc(0, j), acc(r, j))
		}
	}
	p.op("MOVQ %s, BX", widePairs)
	p.op("XORQ AX, AX")
	p.line("pair:")
	for j := range nv {
		p.op("VMOVDQU %d(DX), %s", 32*j, weight(j))
	}
	for r, row := range rowRegs[:mr] {
		p.op("VPBROADCASTD (%s)(AX*4), Y14", row)
		for j := range nv {
			p.op("VPMADDWD %s, Y14, Y15", weight(j))
			p.op("VPADDD Y15, %s, %s", acc(r, j), acc(r, j))
		}
	}
	p.op("ADDQ $%d, DX", 32*nv)
	p.op("INCQ AX")
	p.op("CMPQ AX, BX")
	p.op("JLT pair")
	p.finishTile(wideResults)
	p.eachRow(mr, func(r int, at string) {
		for j := range nv {
			p.op("VMOVDQU %s, %d%s", acc(r, j), 32*j, at)
		}
	})
	p.op("JMP stored")
	wideCodes(p, mr, nv)
	p.line("stored:")
	p.op("MOVQ %s, AX", wideStride)
	p.addRows(mr, wideAdvance)
	p.nextTile(mr, wideResults)
	p.op("VZEROUPPER")
	p.op("RET")
}

// wideCodes packs the sums of two rows at a time to bytes. The two saturations at
// int16 are the contract's.
func wideCodes(p *printer, mr, nv int) {
	acc := func(r, j int) string { return fmt.Sprintf("Y%d", r*nv+j) }
	operand := func(base string) func(int) string {
		return func(j int) string { return fmt.Sprintf("%d(%s)", 32*j, base) }
	}
	p.toIntegers(wideResults, mr, nv, acc, func(int) {}, operand("BX"), operand("CX"), "Y12")
	p.op("VMOVDQU unlane256<>(SB), Y12")
	p.op("VPBROADCASTW %d(DI), Y13", wideResults+resultsZero)
	p.op("VPBROADCASTB %d(DI), Y14", wideResults+resultsLo)
	p.op("VPBROADCASTB %d(DI), Y15", wideResults+resultsHi)
	for r := 0; r < mr; r += 2 {
		one, other := acc(r, 0), acc(min(r+1, mr-1), 0) // a single row fills both places
		if nv == 1 {
			p.op("VPACKSSDW %s, %s, %s", other, one, one)
			p.op("VPADDSW Y13, %s, %s", one, one)
			other = one
		}
		for i := range min(2, mr) * (nv - 1) {
			p.op("VPACKSSDW %s, %s, %s", acc(r+i, 1), acc(r+i, 0), acc(r+i, 0))
			p.op("VPADDSW Y13, %s, %s", acc(r+i, 0), acc(r+i, 0))
		}
		p.op("VPACKUSWB %s, %s, %s", other, one, one)
		p.op("VPMAXUB Y14, %s, %s", one, one)
		p.op("VPMINUB Y15, %s, %s", one, one)
		p.op("VPERMD %s, Y12, %s", one, one)
	}
	p.eachRow(mr, func(r int, at string) {
		n := r / 2 * 2 * nv
		switch {
		case nv == 1 && r%2 == 0:
			p.op("VMOVQ X%d, %s", n, at)
		case nv == 1:
			p.op("VPEXTRQ $1, X%d, %s", n, at)
		case r%2 == 0:
			p.op("VMOVDQU X%d, %s", n, at)
		default:
			p.op("VEXTRACTI128 $1, Y%d, %s", n, at)
		}
	})
}

// The fields of gemm8.widening.
const (
	widenTo, widenX, widenPad         = "0(DI)", "8(DI)", "16(DI)"
	widenOffset, widenStride          = "24(DI)", "32(DI)"
	widenDepth, widenTaps, widenCount = "40(DI)", "48(DI)", "56(DI)"
)

// widen writes the routine that turns the codes of rows into 16-bit numbers, 16
// or 8 at a time; the last ones of a run overlap those before them.
func widen(p *printer) {
	p.text("widenAVX2", "arg *widening")
	p.op("MOVQ %s, DX", widenTo)
	p.op("MOVQ %s, R9", widenX)
	p.op("MOVQ %s, R10", widenPad)
	p.op("MOVQ %s, R8", widenOffset)
	p.op("MOVQ %s, R11", widenDepth)
	p.op("MOVQ %s, BX", widenCount)
	p.op("MOVQ R11, R13")
	p.op("IMULQ %s, R13 // codes of a row", widenTaps)
	p.line("row:")
	p.op("MOVQ %s, R12", widenTaps)
	p.line("tap:")
	p.op("MOVQ R9, SI")
	p.op("TESTQ R8, R8")
	p.op("JZ run")
	p.op("MOVLQSX (R8), AX")
	p.op("ADDQ $4, R8")
	p.op("TESTQ AX, AX")
	p.op("LEAQ (R9)(AX*1), SI")
	p.op("CMOVQLT R10, SI")
	p.line("run:")
	p.op("MOVQ R11, CX")
	p.op("CMPQ CX, $16")
	p.op("JLT short")
	p.line("block:")
	p.op("VPMOVZXBW (SI), Y0")
	p.op("VMOVDQU Y0, (DX)")
	p.op("ADDQ $16, SI")
	p.op("ADDQ $32, DX")
	p.op("SUBQ $16, CX")
	p.op("CMPQ CX, $16")
	p.op("JGE block")
	p.op("TESTQ CX, CX")
	p.op("JZ next")
	p.op("VPMOVZXBW -16(SI)(CX*1), Y0")
	p.op("VMOVDQU Y0, -32(DX)(CX*2)")
	p.op("LEAQ (DX)(CX*2), DX")
	p.op("JMP next")
	p.line("short:")
	p.op("CMPQ CX, $8")
	p.op("JLT code")
	p.op("VPMOVZXBW (SI), X0")
	p.op("VPMOVZXBW -8(SI)(CX*1), X1")
	p.op("VMOVDQU X0, (DX)")
	p.op("VMOVDQU X1, -16(DX)(CX*2)")
	p.op("LEAQ (DX)(CX*2), DX")
	p.op("JMP next")
	p.line("code:")
	p.op("MOVBLZX (SI), AX")
	p.op("MOVW AX, (DX)")
	p.op("INCQ SI")
	p.op("ADDQ $2, DX")
	p.op("DECQ CX")
	p.op("JNZ code")
	p.line("next:")
	p.op("DECQ R12")
	p.op("JNZ tap")
	p.op("TESTQ $1, R13")
	p.op("JZ even")
	p.op("MOVW $0, (DX)")
	p.op("ADDQ $2, DX")
	p.line("even:")
	p.op("ADDQ %s, R9", widenStride)
	p.op("DECQ BX")
	p.op("JNZ row")
	p.op("VZEROUPPER")
	p.op("RET")
}
