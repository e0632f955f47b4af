package main

import "fmt"

// The fields of gemm8.wideTile.
const (
	wideRows, wideStride, widePanel = "0(DI)", "8(DI)", "16(DI)"
	wideInit, widePairs             = "24(DI)", "32(DI)"
	wideAcc                         = 40
)

// gemm8AVX2 writes tiles of 6 rows by 8 and 16 columns. A step takes two codes of
// each row, widened to 16 bits, and multiplies them by two 16-bit weights of each
// column with VPMADDWD. A pair of products stays below 2^17, so nothing saturates
// and the sums are exact for all codes.
//
// Sums are in Y0 to Y11, weights in Y12 and Y13, a broadcast pair of codes in Y14,
// products in Y15.
func gemm8AVX2(p *printer) {
	for nv := 1; nv <= 2; nv++ {
		wideTile(p, nv)
	}
	widen(p)
}

func wideTile(p *printer, nv int) {
	acc := func(r, j int) string { return fmt.Sprintf("Y%d", r*nv+j) }
	weight := func(j int) string { return fmt.Sprintf("Y%d", 12+j) }
	p.text(fmt.Sprintf("tile6x%dAVX2", 8*nv), "arg *wideTile")
	p.op("MOVQ %s, R8", wideRows)
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
	for r := range rowRegs {
		p.op("MOVQ %d(DI), AX", wideAcc+8*r)
		for j := range nv {
			p.op("VMOVDQU %s, %d(AX)", acc(r, j), 32*j)
		}
	}
	p.op("VZEROUPPER")
	p.op("RET")
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
