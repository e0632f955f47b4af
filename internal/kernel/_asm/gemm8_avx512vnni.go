package main

import "fmt"

// The fields of gemm8.tile.
const (
	tilePanel, tileInit            = "0(DI)", "8(DI)"
	tileTaps, tileGroups, tileTail = "16(DI)", "24(DI)", "32(DI)"
	tileColumns                    = "40(DI)"
	tileOffset, tileX, tilePad     = "48(DI)", "56(DI)", "64(DI)"
	tileStride, tileAdvance        = "72(DI)", "80(DI)"
	tileResults                    = 88
)

// The fields of gemm8.results, from where it starts.
const (
	resultsTiles, resultsOut, resultsLD   = 0, 8, 16
	resultsRule, resultsBias, resultsMult = 24, 32, 40
	resultsAdvance                        = 48
	resultsBiasMul, resultsZero           = 56, 60
	resultsLo, resultsHi                  = 62, 63
)

// rowRegs hold the position in the run of each row.
var rowRegs = [...]string{"R8", "R9", "R10", "R11", "R12", "R13"}

// gemm8AVX512VNNI writes tiles of 6 rows and of 1 by 16, 32, 48 and 64 columns. A step takes
// four codes of each row, broadcast to all columns, and multiplies them by four
// weights of each column with VPDPBUSD, whose sums are exact.
//
// Sums are in Z0 to Z23, weights in Z24 to Z27, codes in Z28 and Z29.
func gemm8AVX512VNNI(p *printer) {
	// Packing within lanes puts dword 4*lane+vector where vector 4, lane 4 belongs.
	var order []int
	for i := range 16 {
		order = append(order, i%4*4+i/4)
	}
	p.dwords("unlane512", order)
	for vectors := 1; vectors <= 4; vectors++ {
		vnniTile(p, len(rowRegs), vectors)
		vnniTile(p, 1, vectors)
	}
}

// dwords defines a read-only table.
func (p *printer) dwords(name string, values []int) {
	p.line("")
	for i, v := range values {
		p.line("DATA %s<>+%d(SB)/4, $%d", name, 4*i, v)
	}
	p.line("GLOBL %s<>(SB), RODATA|NOPTR, $%d", name, 4*len(values))
}

func vnniTile(p *printer, mr, nz int) {
	acc := func(r, j int) string { return fmt.Sprintf("Z%d", r*nz+j) }
	weight := func(j int) string { return fmt.Sprintf("Z%d", 24+j) }
	step := func(load func(r int, reg string)) {
		for j := range nz {
			p.op("VMOVDQU32 %d(DX), %s", 64*j, weight(j))
		}
		for r := range mr {
			code := fmt.Sprintf("Z%d", 28+r%2)
			load(r, code)
			for j := range nz {
				p.op("VPDPBUSD %s, %s, %s", weight(j), code, acc(r, j))
			}
		}
		p.op("ADDQ $%d, DX", 64*nz)
	}
	p.text(fmt.Sprintf("tiles%dx%dAVX512VNNI", mr, 16*nz), "arg *tile")
	p.op("MOVQ %s, R15", tileTail)
	p.op("KMOVW R15, K1")
	p.op("MOVQ $0, %s", tileAdvance)
	p.op("MOVQ $0, %d(DI)", tileResults+resultsAdvance)
	p.line("tile:")
	p.op("MOVQ %s, R15", tileTail)
	p.op("MOVQ %s, DX", tilePanel)
	p.op("MOVQ %s, AX", tileInit)
	for j := range nz {
		p.op("VMOVDQU32 %d(AX), %s", 64*j, acc(0, j))
	}
	for r := 1; r < mr; r++ {
		for j := range nz {
			p.op("VMOVDQA32 %s, %s", acc(0, j), acc(r, j))
		}
	}
	p.op("MOVQ %s, CX", tileTaps)
	p.op("MOVQ %s, SI", tileOffset)
	p.op("TESTQ SI, SI")
	p.op("JZ plain")
	p.op("ADDQ %s, SI", tileAdvance)
	p.op("JMP tap")
	p.line("plain:")
	p.stridedRows(mr)
	p.op("JMP start")
	p.line("tap:")
	p.offsetRows(mr)
	p.line("start:")
	p.op("XORQ AX, AX")
	p.op("MOVQ %s, BX", tileGroups)
	p.op("TESTQ BX, BX")
	p.op("JZ tail")
	p.line("group:")
	step(func(r int, reg string) { p.op("VPBROADCASTD (%s)(AX*4), %s", rowRegs[r], reg) })
	p.op("INCQ AX")
	p.op("CMPQ AX, BX")
	p.op("JLT group")
	p.line("tail:")
	p.op("TESTQ R15, R15")
	p.op("JZ next")
	step(func(r int, reg string) {
		x := "X" + reg[1:]
		p.op("VMOVDQU8.Z (%s)(AX*4), K1, %s", rowRegs[r], x)
		p.op("VPBROADCASTD %s, %s", x, reg)
	})
	p.line("next:")
	p.op("DECQ CX")
	p.op("JNZ tap")
	p.finishTile(tileResults)
	p.op("MOVQ %s, SI", tileColumns)
	p.op("SHRQ $%d, SI", 16*(nz-1))
	p.op("KMOVW SI, K2")
	p.eachRow(mr, func(r int, at string) {
		for j := range nz - 1 {
			p.op("VMOVDQU32 %s, %d%s", acc(r, j), 64*j, at)
		}
		p.op("VMOVDQU32 %s, K2, %d%s", acc(r, nz-1), 64*(nz-1), at)
	})
	p.op("JMP stored")
	vnniCodes(p, mr, nz)
	p.line("stored:")
	// To the next rows: offsets for every tap, or the rows themselves.
	p.op("MOVQ %s, AX", tileTaps)
	p.op("SHLQ $2, AX")
	p.op("CMPQ %s, $0", tileOffset)
	p.op("JNE advance")
	p.op("MOVQ %s, AX", tileStride)
	p.line("advance:")
	p.addRows(mr, tileAdvance)
	p.nextTile(mr, tileResults)
	p.op("VZEROUPPER")
	p.op("RET")
}

// eachRow stores the rows of a tile, of which AX is the first, R8 their distance
// and R9 three times that.
func (p *printer) eachRow(mr int, store func(r int, at string)) {
	for r := range mr {
		if r == 3 {
			p.op("ADDQ R9, AX")
		}
		store(r, []string{"(AX)", "(AX)(R8*1)", "(AX)(R8*2)"}[r%3])
	}
}

// addRows adds a tile of rows, AX apart, to a position.
func (p *printer) addRows(mr int, to string) {
	if mr == len(rowRegs) {
		p.op("LEAQ (AX)(AX*2), AX")
		p.op("ADDQ AX, AX")
	}
	p.op("ADDQ AX, %s", to)
}

// nextTile goes on with the rows behind.
func (p *printer) nextTile(mr, results int) {
	p.op("MOVQ R8, AX")
	p.addRows(mr, fmt.Sprintf("%d(DI)", results+resultsAdvance))
	p.op("DECQ %d(DI)", results+resultsTiles)
	p.op("JNZ tile")
}

// stridedRows points the row registers at plain rows.
func (p *printer) stridedRows(mr int) {
	p.op("MOVQ %s, R8", tileX)
	p.op("ADDQ %s, R8", tileAdvance)
	p.op("MOVQ %s, AX", tileStride)
	for r := 1; r < mr; r++ {
		p.op("LEAQ (%s)(AX*1), %s", rowRegs[r-1], rowRegs[r])
	}
}

// offsetRows points the row registers at the runs of the next tap.
func (p *printer) offsetRows(mr int) {
	p.op("MOVQ %s, BX", tileX)
	p.op("MOVQ %s, AX", tileTaps)
	if mr > 1 {
		p.op("LEAQ (AX)(AX*2), R11")
		p.op("LEAQ (AX)(AX*4), R13")
	}
	for r, at := range []string{"(SI)", "(SI)(AX*4)", "(SI)(AX*8)", "(SI)(R11*4)", "", "(SI)(R13*4)"}[:mr] {
		reg := rowRegs[r]
		if at == "" {
			p.op("SHLQ $4, AX")
			at = "(SI)(AX*1)"
		}
		p.op("MOVLQSX %s, %s", at, reg)
		p.op("TESTQ %s, %s", reg, reg)
		p.op("LEAQ (BX)(%s*1), %s", reg, reg)
		p.op("CMOVQLT %s, %s", tilePad, reg)
	}
	p.op("ADDQ $4, SI")
}

// finishTile prepares for storing, and goes on with the codes when a rule is
// set, with biases at BX and multipliers at CX.
func (p *printer) finishTile(results int) {
	p.op("MOVQ %d(DI), SI", results+resultsRule)
	p.op("MOVQ %d(DI), BX", results+resultsBias)
	p.op("MOVQ %d(DI), CX", results+resultsMult)
	p.op("MOVQ %d(DI), AX", results+resultsOut)
	p.op("ADDQ %d(DI), AX", results+resultsAdvance)
	p.op("MOVQ %d(DI), R8", results+resultsLD)
	p.op("LEAQ (R8)(R8*2), R9")
	for i, label := range []string{"addBias", "intBias", "fusedBias"} {
		p.op("CMPQ SI, $%d", i+1)
		p.op("JEQ %s", label)
	}
}

// toIntegers applies a rule up to the rounding to all sums, at the labels where
// finishTile jumps to. bias and mult give the operands of column vector j,
// biasMul a register.
func (p *printer) toIntegers(results, rows, vectors int, acc func(r, j int) string, load func(j int), bias, mult func(j int) string, biasMul string) {
	each := func(f func(s string, j int)) {
		for j := range vectors {
			load(j)
			for r := range rows {
				f(acc(r, j), j)
			}
		}
	}
	scale := func(s string, j int) {
		p.op("VMULPS %s, %s, %s", mult(j), s, s)
		p.op("VCVTPS2DQ %s, %s", s, s)
	}
	p.line("addBias:")
	each(func(s string, j int) {
		p.op("VCVTDQ2PS %s, %s", s, s)
		p.op("VADDPS %s, %s, %s", bias(j), s, s)
		scale(s, j)
	})
	p.op("JMP codes")
	p.line("intBias:")
	each(func(s string, j int) {
		p.op("VPADDD %s, %s, %s", bias(j), s, s)
		p.op("VCVTDQ2PS %s, %s", s, s)
		scale(s, j)
	})
	p.op("JMP codes")
	p.line("fusedBias:")
	p.op("VBROADCASTSS %d(DI), %s", results+resultsBiasMul, biasMul)
	each(func(s string, j int) {
		p.op("VCVTDQ2PS %s, %s", s, s)
		p.op("VFMADD231PS %s, %s, %s", bias(j), biasMul, s)
		scale(s, j)
	})
	p.line("codes:")
}

// vnniCodes packs the sums of each row to bytes. The two saturations at int16 are
// the contract's. A vector that a narrow tile lacks is replaced by another.
// Masked stores are slow and only serve panels that are not whole.
func vnniCodes(p *printer, mr, nz int) {
	acc := func(r, j int) string { return fmt.Sprintf("Z%d", r*nz+j) }
	operand := func(reg string) func(int) string { return func(int) string { return reg } }
	p.toIntegers(tileResults, mr, nz, acc, func(j int) {
		p.op("VMOVDQU32 %d(BX), Z24", 64*j)
		p.op("VMOVDQU32 %d(CX), Z25", 64*j)
	}, operand("Z24"), operand("Z25"), "Z26")
	p.op("VPBROADCASTW %d(DI), Z27", tileResults+resultsZero)
	p.op("VPBROADCASTB %d(DI), Z28", tileResults+resultsLo)
	p.op("VPBROADCASTB %d(DI), Z29", tileResults+resultsHi)
	p.op("VMOVDQU32 unlane512<>(SB), Z30")
	for r := range mr {
		first, second := acc(r, 0), acc(r, 0)
		p.op("VPACKSSDW %s, %s, %s", acc(r, min(1, nz-1)), first, first)
		p.op("VPADDSW Z27, %s, %s", first, first)
		if nz > 2 {
			second = acc(r, 2)
			p.op("VPACKSSDW %s, %s, %s", acc(r, nz-1), second, second)
			p.op("VPADDSW Z27, %s, %s", second, second)
		}
		p.op("VPACKUSWB %s, %s, %s", second, first, first)
		p.op("VPMAXUB Z28, %s, %s", first, first)
		p.op("VPMINUB Z29, %s, %s", first, first)
		p.op("VPERMD %s, Z30, %s", first, first)
	}
	p.op("MOVQ %s, SI", tileColumns)
	p.op("KMOVQ SI, K3")
	p.op("NOTQ SI")
	p.op("SHLQ $%d, SI", 64-16*nz)
	p.op("JNZ narrow")
	p.eachRow(mr, func(r int, at string) {
		switch n := r * nz; nz {
		case 1:
			p.op("VMOVDQU X%d, %s", n, at)
		case 2:
			p.op("VMOVDQU Y%d, %s", n, at)
		case 3:
			p.op("VMOVDQU32 Y%d, %s", n, at)
			p.op("VEXTRACTI32X4 $2, Z%d, 32%s", n, at)
		default:
			p.op("VMOVDQU32 Z%d, %s", n, at)
		}
	})
	p.op("JMP stored")
	p.line("narrow:")
	p.eachRow(mr, func(r int, at string) { p.op("VMOVDQU8 %s, K3, %s", acc(r, 0), at) })
}
