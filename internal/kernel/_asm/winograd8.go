package main

import "fmt"

// winograd8AVX2 writes the three steps of the algorithm.
func winograd8AVX2(p *printer) {
	avx2.packOrder(p, "orderAVX2")
	realLimit(p)
	winogradInput{avx2, 1, 2, "VPMOVZXBW", "VMOVDQU", "VPADDW", "VPSUBW"}.write(p)
	products(p)
	fold(p)
}

// The fields of winograd8.products.
const (
	productsX, productsXPoints, productsStride = "0(DI)", "8(DI)", "16(DI)"
	productsPanel, productsPairs               = "24(DI)", "32(DI)"
	productsSums, productsCount                = "40(DI)", "48(DI)"
	productsPoint, productsPointX              = "56(DI)", "64(DI)"
	productsLeft, productsFetch                = "72(DI)", "80(DI)"
)

// products writes the routine for all points of a panel: six rows at a time, then the remaining
// ones. The next point's weights are prefetched, some with every step. Accumulators are in Y0
// to Y11, weights in Y12 and Y13, pairs of numbers in Y14, products in Y15.
func products(p *printer) {
	const (
		most        = 6
		pairsAtOnce = 4 // channels are a multiple of 16
	)
	p.text("productsAVX2", "arg *products")
	p.op("MOVQ $16, AX")
	p.op("MOVQ AX, %s", productsPoint)
	p.op("MOVQ $0, %s", productsPointX)
	p.op("MOVQ %s, R15", productsPanel)
	p.op("MOVQ %s, CX", productsSums)
	p.op("MOVQ %s, R14", productsFetch)
	p.op("SHLQ $2, R14 // with every four pairs")
	p.line("point:")
	p.op("MOVQ %s, SI", productsPairs)
	p.op("SHLQ $6, SI")
	p.op("ADDQ R15, SI")
	p.op("MOVQ %s, R8", productsX)
	p.op("ADDQ %s, R8", productsPointX)
	p.op("MOVQ %s, AX", productsCount)
	p.op("MOVQ AX, %s", productsLeft)
	for rows := most; rows > 0; rows-- {
		p.line("rows%d:", rows)
		p.op("CMPQ %s, $%d", productsLeft, rows)
		if rows > 1 {
			p.op("JLT rows%d", rows-1)
		} else {
			p.op("JLT done")
		}
		p.op("MOVQ %s, BX", productsStride)
		for r := 1; r < rows; r++ {
			p.op("LEAQ (%s)(BX*1), %s", rowRegs[r-1], rowRegs[r])
		}
		for i := range 2 * rows {
			p.op("VPXOR Y%d, Y%d, Y%d", i, i, i)
		}
		p.op("MOVQ R15, DX")
		p.op("MOVQ %s, BX", productsPairs)
		p.op("XORQ AX, AX")
		p.op("PCALIGN $32")
		p.line("pair%d:", rows)
		for i := range pairsAtOnce {
			p.op("VMOVDQU %d(DX), Y12", 64*i)
			p.op("VMOVDQU %d(DX), Y13", 64*i+32)
			for r := range rows {
				p.op("VPBROADCASTD %d(%s)(AX*4), Y14", 4*i, rowRegs[r])
				for j := range 2 {
					p.op("VPMADDWD Y%d, Y14, Y15", 12+j)
					p.op("VPADDD Y15, Y%d, Y%d", 2*r+j, 2*r+j)
				}
			}
		}
		p.op("PREFETCHT0 (SI)")
		p.op("ADDQ R14, SI")
		p.op("ADDQ $%d, DX", 64*pairsAtOnce)
		p.op("ADDQ $%d, AX", pairsAtOnce)
		p.op("CMPQ AX, BX")
		p.op("JLT pair%d", rows)
		for i := range 2 * rows {
			p.op("VMOVDQU Y%d, %d(CX)", i, 32*i)
		}
		p.op("ADDQ $%d, CX", 64*rows)
		p.op("MOVQ %s, BX", productsStride)
		p.op("LEAQ (%s)(BX*1), R8", rowRegs[rows-1])
		p.op("SUBQ $%d, %s", rows, productsLeft)
		if rows == most {
			p.op("JMP rows%d", rows)
		} else {
			p.op("JMP done")
		}
	}
	p.line("done:")
	p.op("MOVQ %s, AX", productsPairs)
	p.op("SHLQ $6, AX")
	p.op("ADDQ AX, R15")
	p.op("MOVQ %s, AX", productsXPoints)
	p.op("ADDQ AX, %s", productsPointX)
	p.op("DECQ %s", productsPoint)
	p.op("JNZ point")
	p.op("VZEROUPPER")
	p.op("RET")
}

// The fields of winograd8.fold.
var (
	foldSums, foldPoints            = "0(DI)", "8(DI)"
	foldTo, foldNextTo              = "16(DI)", "24(DI)"
	foldOut, foldNowhere, foldCount = "32(DI)", "40(DI)", "48(DI)"
	foldInit, foldBias, foldMult    = "56(DI)", "64(DI)", "72(DI)"
	foldRule                        = ruleAt(func(at int) string { return fmt.Sprintf("%d(DI)", at) }, 80)
)

// fold applies the inverse transform to the accumulators, 8 channels at a time, and requantizes
// them. The pixels of the first 8 channels wait in Y8 to Y11 for the others.
func fold(p *printer) {
	p.text("foldAVX2", "arg *fold")
	p.op("MOVQ %s, SI", foldSums)
	p.op("MOVQ %s, R9", foldPoints)
	p.op("LEAQ (R9)(R9*2), R10")
	p.op("MOVQ %s, R8", foldTo)
	p.op("MOVQ %s, BX", foldInit)
	p.op("MOVQ %s, CX", foldBias)
	p.op("MOVQ %s, R12", foldMult)
	p.line("tile:")
	p.foldHalf(0, 8)
	p.foldHalf(1, 4)
	// Y8 to Y11 and Y4 to Y7 hold the pixels' integers.
	p.op("VPBROADCASTW %s, Y12", foldRule.zero)
	p.op("VPBROADCASTB %s, Y13", foldRule.lo)
	p.op("VPBROADCASTB %s, Y14", foldRule.hi)
	p.op("VMOVDQU orderAVX2<>(SB), Y15")
	for pixel := range 4 {
		p.op("VPACKSSDW Y%d, Y%d, Y%d", 4+pixel, 8+pixel, pixel)
		p.op("VPADDSW Y12, Y%d, Y%d", pixel, pixel)
	}
	p.op("MOVQ %s, DX", foldOut)
	p.op("MOVQ %s, R13", foldNowhere)
	p.op("MOVQ R8, R11")
	for pair := range 2 {
		p.op("VPACKUSWB Y%d, Y%d, Y%d", 2*pair+1, 2*pair, 2*pair)
		p.op("VPMAXUB Y13, Y%d, Y%d", 2*pair, 2*pair)
		p.op("VPMINUB Y14, Y%d, Y%d", 2*pair, 2*pair)
		p.op("VPERMD Y%d, Y15, Y%d", 2*pair, 2*pair)
		for i := range 2 {
			p.op("MOVLQSX (R11), AX")
			p.op("ADDQ %s, R11", foldNextTo)
			p.op("TESTQ AX, AX")
			p.op("LEAQ (DX)(AX*1), AX")
			p.op("CMOVQLT R13, AX")
			if i == 0 {
				p.op("VMOVDQU X%d, (AX)", 2*pair)
			} else {
				p.op("VEXTRACTI128 $1, Y%d, (AX)", 2*pair)
			}
		}
	}
	p.op("ADDQ $4, R8")
	p.op("ADDQ $64, SI")
	p.op("DECQ %s", foldCount)
	p.op("JNZ tile")
	p.op("VZEROUPPER")
	p.op("RET")
}

// foldHalf leaves the integers of four pixels in the registers from to on. It
// uses Y0 to Y7, Y12 to Y15 and, the first time, Y8 to Y11.
func (p *printer) foldHalf(half, to int) {
	at := func(row, col int) string {
		return fmt.Sprintf("%d%s", 32*half, []string{"(R11)", "(R11)(R9*1)", "(R11)(R9*2)", "(R11)(R10*1)"}[col])
	}
	// A' from the left: Y0 to Y3 are the first row, Y12 to Y15 the second.
	p.op("MOVQ SI, R11")
	for col := range 4 {
		p.op("VMOVDQU %s, Y%d", at(0, col), col)
	}
	p.op("LEAQ (R11)(R9*4), R11")
	for col := range 4 {
		p.op("VMOVDQU %s, Y%d", at(1, col), 12+col)
		p.op("VPADDD Y%d, Y%d, Y%d", 12+col, col, col)
	}
	p.op("LEAQ (R11)(R9*4), R11")
	for col := range 4 {
		p.op("VMOVDQU %s, Y4", at(2, col))
		p.op("VPADDD Y4, Y%d, Y%d", col, col)
		p.op("VPSUBD Y4, Y%d, Y%d", 12+col, 12+col)
	}
	p.op("LEAQ (R11)(R9*4), R11")
	for col := range 4 {
		p.op("VPSUBD %s, Y%d, Y%d", at(3, col), 12+col, 12+col)
	}
	// Then from the right.
	for i, row := range []int{0, 12} {
		one, two := to+2*i, to+2*i+1
		p.op("VPADDD Y%d, Y%d, Y%d", row+1, row+2, one)
		p.op("VPSUBD Y%d, Y%d, Y%d", row+2, row+1, two)
		p.op("VPADDD Y%d, Y%d, Y%d", row, one, one)
		p.op("VPSUBD Y%d, Y%d, Y%d", row+3, two, two)
	}
	p.op("VMOVDQU %d(BX), Y0", 32*half)
	p.op("VMOVDQU %d(CX), Y1", 32*half)
	p.op("VMOVDQU %d(R12), Y2", 32*half)
	for i := range 4 {
		p.op("VPSRAD $2, Y%d, Y%d", to+i, to+i)
		p.op("VPADDD Y0, Y%d, Y%d", to+i, to+i)
	}
	p.op("MOVQ %s, AX", foldRule.rule)
	p.branch("AX", fmt.Sprint(half))
	each := func(value func(s string)) {
		for i := range 4 {
			value(fmt.Sprintf("Y%d", to+i))
		}
	}
	p.line("addBias%d:", half)
	each(func(s string) {
		p.op("VCVTDQ2PS %s, %s", s, s)
		p.op("VADDPS Y1, %s, %s", s, s)
	})
	p.op("JMP scale%d", half)
	p.line("fusedBias%d:", half)
	p.op("VBROADCASTSS %s, Y3", foldRule.biasMul)
	each(func(s string) {
		p.op("VCVTDQ2PS %s, %s", s, s)
		p.op("VFMADD231PS Y1, Y3, %s", s)
	})
	p.op("JMP scale%d", half)
	p.line("realBias%d:", half)
	p.op("VBROADCASTSS %s, Y3", foldRule.biasMul)
	p.op("VBROADCASTSS %s, Y12", foldRule.realZero)
	p.op("VBROADCASTSS realLimit<>(SB), Y13")
	each(func(s string) {
		p.op("VCVTDQ2PS %s, %s", s, s)
		p.op("VMULPS Y2, %s, %s", s, s)
		p.op("VADDPS Y1, %s, %s", s, s)
		p.op("VMULPS Y3, %s, %s", s, s)
		p.op("VADDPS Y12, %s, %s", s, s)
		p.op("VMINPS %s, Y13, %s // NaN stays", s, s)
		p.op("VCVTPS2DQ %s, %s", s, s)
	})
	p.op("JMP folded%d", half)
	p.line("intBias%d:", half)
	each(func(s string) {
		p.op("VPADDD Y1, %s, %s", s, s)
		p.op("VCVTDQ2PS %s, %s", s, s)
	})
	p.line("scale%d:", half)
	each(func(s string) {
		p.op("VMULPS Y2, %s, %s", s, s)
		p.op("VCVTPS2DQ %s, %s", s, s)
	})
	p.line("folded%d:", half)
}
