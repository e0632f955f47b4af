package main

import "fmt"

// The fields of gemm8.wideTile.
const (
	wideRows, wideStride, widePanel = "0(DI)", "8(DI)", "16(DI)"
	wideInit, widePairs             = "24(DI)", "32(DI)"
	wideAdvance                     = "40(DI)"
	wideResults                     = 48
)

// gemm8AVX2 writes tiles of 6 rows by 8 and 16 columns. A step takes two codes of
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
		wideTile(p, nv)
	}
	widen(p)
}

func wideTile(p *printer, nv int) {
	acc := func(r, j int) string { return fmt.Sprintf("Y%d", r*nv+j) }
	weight := func(j int) string { return fmt.Sprintf("Y%d", 12+j) }
	p.text(fmt.Sprintf("tiles6x%dAVX2", 8*nv), "arg *wideTile")
	p.op("MOVQ $0, %s", wideAdvance)
	p.op("MOVQ $0, %d(DI)", wideResults+resultsAdvance)
	p.line("tile:")
	p.op("MOVQ %s, R8", wideRows)
	p.op("ADDQ %s, R8", wideAdvance)
	p.op("MOVQ %s, AX", wideStride)
	for r := 1; r < len(rowRegs); r++ {
		p.op("LEAQ (%s)(AX*1), %s", rowRegs[r-1], rowRegs[r])
	}
	p.op("MOVQ %s, DX", widePanel)
	p.op("MOVQ %s, AX", wideInit)
	for j := range nv {
		p.op("VMOVDQU %d(AX), %s", 32*j, acc(0, j))
	}
	for r := 1; r < len(rowRegs); r++ {
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
	for r, row := range rowRegs {
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
	for r, at := range outRows {
		if r == outMiddle {
			p.nextRows()
		}
		for j := range nv {
			p.op("VMOVDQU %s, %d%s", acc(r, j), 32*j, at)
		}
	}
	p.op("JMP stored")
	wideCodes(p, nv)
	p.line("stored:")
	p.op("MOVQ %s, AX", wideStride)
	p.op("LEAQ (AX)(AX*2), AX")
	p.op("ADDQ AX, AX")
	p.op("ADDQ AX, %s", wideAdvance)
	p.nextTile(wideResults)
	p.op("VZEROUPPER")
	p.op("RET")
}

// wideCodes packs the sums of two rows at a time to bytes. The two saturations at
// int16 are the contract's.
func wideCodes(p *printer, nv int) {
	acc := func(r, j int) string { return fmt.Sprintf("Y%d", r*nv+j) }
	operand := func(base string) func(int) string {
		return func(j int) string { return fmt.Sprintf("%d(%s)", 32*j, base) }
	}
	p.toIntegers(wideResults, len(rowRegs), nv, acc, func(int) {}, operand("BX"), operand("CX"), "Y12")
	p.op("VMOVDQU unlane256<>(SB), Y12")
	p.op("VPBROADCASTW %d(DI), Y13", wideResults+resultsZero)
	p.op("VPBROADCASTB %d(DI), Y14", wideResults+resultsLo)
	p.op("VPBROADCASTB %d(DI), Y15", wideResults+resultsHi)
	for r := 0; r < len(rowRegs); r += 2 {
		one := acc(r, 0)
		for i := range 2 * (nv - 1) {
			p.op("VPACKSSDW %s, %s, %s", acc(r+i, 1), acc(r+i, 0), acc(r+i, 0))
			p.op("VPADDSW Y13, %s, %s", acc(r+i, 0), acc(r+i, 0))
		}
		if nv == 1 {
			p.op("VPACKSSDW %s, %s, %s", acc(r+1, 0), one, one)
			p.op("VPADDSW Y13, %s, %s", one, one)
			p.op("VPACKUSWB %s, %s, %s", one, one, one)
		} else {
			p.op("VPACKUSWB %s, %s, %s", acc(r+1, 0), one, one)
		}
		p.op("VPMAXUB Y14, %s, %s", one, one)
		p.op("VPMINUB Y15, %s, %s", one, one)
		p.op("VPERMD %s, Y12, %s", one, one)
	}
	for r, at := range outRows {
		if r == outMiddle {
			p.nextRows()
		}
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
	}
}

// widen writes the routine that turns codes into 16-bit numbers, 16 at a time.
func widen(p *printer) {
	p.text("widen16AVX2", "arg *widening")
	p.op("MOVQ 0(DI), DX")
	p.op("MOVQ 8(DI), SI")
	p.op("MOVQ 16(DI), CX")
	p.line("block:")
	p.op("VPMOVZXBW (SI), Y0")
	p.op("VMOVDQU Y0, (DX)")
	p.op("ADDQ $16, SI")
	p.op("ADDQ $32, DX")
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}
