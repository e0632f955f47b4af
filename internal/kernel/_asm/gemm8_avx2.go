package main

// gemm8AVX2 multiplies with VPMADDUBSW, which adds pairs of products in 16 bits, and
// accumulates in 16 bits for runs of up to four steps. The runs were chosen when the weights
// were packed, such that no accumulator overflows for codes up to 128; of larger codes the part
// above 127, the excess, is multiplied separately: as a list where it is sparse, otherwise in a
// second pass over the panel.
//
// The runs of four come first, then those of three, two and one; starts holds the byte of a row
// at which each of them begins. The two vectors of columns are stored apart, so that one index
// register addresses codes and weights.
//
// Accumulators of 32 bits are in Y0 to Y5, those of 16 bits in Y6 to Y11, weights in Y12 and
// Y13, codes in Y14, products in Y15.
func gemm8AVX2(p *printer) {
	p.line("")
	for i := range 8 {
		p.line("DATA ones16<>+%d(SB)/4, $0x00010001", 4*i)
		p.line("DATA ones8<>+%d(SB)/4, $0x01010101", 4*i)
		p.line("DATA positive<>+%d(SB)/4, $0x00ff00ff // 255 * 128 < 2^15", 4*i)
		p.line("DATA negative<>+%d(SB)/4, $0x01000100 // 256 * 128 = 2^15", 4*i)
	}
	for _, name := range []string{"ones16", "ones8", "positive", "negative"} {
		p.line("GLOBL %s<>(SB), RODATA|NOPTR, $32", name)
	}
	gemm8Tiles(gemm8{printer: p, lanes: avx2, free: 12}, []width{{1, []int{1, 3}}, {2, []int{1, 3}}}, sumShortRuns)
	cutRuns(p)
	aboveAVX2(p)
	gatherAVX2(p)
	clampAVX2(p)
}

// The weights of each vector of columns, with the byte of the row in AX.
var shortWeights = [...]string{"(DX)(AX*8)", "(R15)(AX*8)"}

func sumShortRuns(g gemm8, o operandRows) {
	g.op("MOVQ %s, AX", tileCarry)
	g.op("TESTQ AX, AX")
	g.op("JNZ carry")
	g.start()
	g.op("JMP started")
	g.line("carry:")
	g.op("MOVQ %s, DX", tilePanel)
	g.op("ADDQ %s, AX", tileCarryAt)
	for r := range g.rows {
		for j := range g.vectors {
			g.op("VMOVDQU %d(AX), %s", 64*r+32*j, g.sum(r, j))
		}
	}
	g.op("ADDQ $%d, %s", 64*g.rows, tileCarryAt)
	g.line("started:")
	o.plain()
	g.op("MOVQ %s, R15", tileSecond)
	g.excess()
	g.fetch(tileFetch)
	g.op("MOVQ CX, R13")
	g.op("MOVQ SI, R14")
	g.op("MOVQ %s, CX", tileDense)
	g.line("pass:")
	g.op("MOVQ %s, SI", tileStarts)
	for i, steps := range []int{4, 3, 2, 1} {
		g.op("MOVQ %s, BX", field(tileRuns+8*i))
		g.op("TESTQ BX, BX")
		g.op("JZ no%d", steps)
		g.op("PCALIGN $32")
		g.line("run%d:", steps)
		g.op("MOVL (SI), AX")
		g.op("ADDQ $4, SI")
		g.shortRun(o, steps)
		g.op("DECQ BX")
		g.op("JNZ run%d", steps)
		g.line("no%d:", steps)
	}
	g.op("TESTQ CX, CX")
	g.op("JZ summed")
	for _, row := range rowRegs[:g.rows] {
		g.op("ADDQ CX, %s // to the excess", row)
	}
	g.op("XORQ CX, CX")
	g.op("JMP pass")
	g.line("summed:")
	g.op("MOVQ R13, %s", field(tileFetch))
}

// shortRun accumulates a run of up to four steps that begins at byte AX of the rows.
func (g gemm8) shortRun(o operandRows, steps int) {
	part := func(r, j int) string { return g.r(6 + r*g.vectors + j) }
	for s := range steps {
		for j := range g.vectors {
			g.op("VMOVDQU %d%s, %s", 32*s, shortWeights[j], g.r(12+j))
		}
		for r := range g.rows {
			g.op("VPBROADCASTD %d(%s)(AX*1), Y14", 4*s, o.run(r, ""))
			for j := range g.vectors {
				if s == 0 {
					g.op("VPMADDUBSW %s, Y14, %s", g.r(12+j), part(r, j))
					continue
				}
				g.op("VPMADDUBSW %s, Y14, Y15", g.r(12+j))
				g.op("VPADDW Y15, %s, %s", part(r, j), part(r, j))
			}
		}
	}
	g.op("PREFETCHT1 (R13)")
	if steps == 3 {
		g.op("ADDQ R14, R13")
	}
	g.op("LEAQ (R13)(R14*%d), R13", []int{1, 2, 2, 4}[steps-1])
	for r := range g.rows {
		for j := range g.vectors {
			g.op("VPMADDWD ones16<>(SB), %s, Y15", part(r, j))
			g.op("VPADDD Y15, %s, %s", g.sum(r, j), g.sum(r, j))
		}
	}
}

// excess accumulates the products of the excess, the part of codes above 127. ends lists, row
// by row, where the row's groups of codes with excess end; they begin where those of the row
// before end.
func (g gemm8) excess() {
	g.op("MOVQ %s, CX", tileEnds)
	g.op("TESTQ CX, CX")
	g.op("JZ none")
	g.op("ADDQ %s, CX", tileEndsAt)
	g.op("ADDQ $%d, %s", 4*g.rows, tileEndsAt)
	g.op("MOVQ %s, SI", tileExcess)
	g.op("MOVQ %s, R12", tileWhere)
	g.op("MOVL (CX), BX")
	for r := range g.rows {
		g.op("MOVL %d(CX), R13", 4*(r+1))
		g.op("CMPQ BX, R13")
		g.op("JGE row%d", r)
		g.line("group%d:", r)
		g.op("MOVL (R12)(BX*4), AX")
		g.op("VPBROADCASTD (SI)(BX*4), Y14")
		for j := range g.vectors {
			// At most 128 in excess, so a pair is at least 128 * 2 * -128 = -2^15.
			g.op("VPMADDUBSW %s, Y14, Y15", shortWeights[j])
			g.op("VPMADDWD ones16<>(SB), Y15, Y15")
			g.op("VPADDD Y15, %s, %s", g.sum(r, j), g.sum(r, j))
		}
		g.op("INCQ BX")
		g.op("CMPQ BX, R13")
		g.op("JLT group%d", r)
		g.line("row%d:", r)
	}
	g.line("none:")
}

// The fields of gemm8.cut.
const (
	cutFirst, cutSecond, cutGroups = "0(DI)", "8(DI)", "16(DI)"
	cutLengths, cutCount           = "24(DI)", "32(DI)"
)

// cutRuns writes the routine that splits a panel's steps into runs. For each 16-bit
// accumulator, four vectors hold the sums of a run's positive and of its negative weights.
func cutRuns(p *printer) {
	p.text("cutAVX2", "arg *cut")
	p.op("MOVQ %s, SI", cutFirst)
	p.op("MOVQ %s, DX", cutSecond)
	p.op("MOVQ %s, CX", cutGroups)
	p.op("MOVQ %s, R8", cutLengths)
	p.op("VPXOR Y15, Y15, Y15")
	p.op("VMOVDQU ones8<>(SB), Y14")
	p.op("VMOVDQU positive<>(SB), Y13")
	for i := range 4 {
		p.op("VPXOR Y%d, Y%d, Y%d", i, i, i)
	}
	p.op("XORQ AX, AX // length")
	p.line("step:")
	for j, from := range []string{"(SI)", "(DX)"} {
		p.op("VMOVDQU %s, Y12", from)
		p.op("VPMAXSB Y15, Y12, Y%d", 4+2*j)
		p.op("VPMINSB Y15, Y12, Y%d", 5+2*j)
		p.op("VPABSB Y%d, Y%d", 5+2*j, 5+2*j)
	}
	for i := range 4 {
		p.op("VPMADDUBSW Y14, Y%d, Y%d", 4+i, 4+i)
		p.op("VPADDW Y%d, Y%d, Y%d", 4+i, i, i)
		p.op("VPCMPGTW %s, Y%d, Y%d", []string{"Y13", "negative<>(SB)"}[i%2], i, 8+i)
	}
	for i := 1; i < 4; i++ {
		p.op("VPOR Y%d, Y8, Y8", 8+i)
	}
	p.op("VPMOVMSKB Y8, BX")
	p.op("CMPQ AX, $4")
	p.op("JEQ close")
	p.op("TESTL BX, BX")
	p.op("JZ same")
	p.line("close:")
	p.op("MOVB AX, (R8)")
	p.op("INCQ R8")
	p.op("XORQ AX, AX")
	for i := range 4 {
		p.op("VMOVDQA Y%d, Y%d", 4+i, i)
	}
	p.line("same:")
	p.op("INCQ AX")
	p.op("ADDQ $32, SI")
	p.op("ADDQ $32, DX")
	p.op("DECQ CX")
	p.op("JNZ step")
	p.op("MOVB AX, (R8)")
	p.op("INCQ R8")
	p.op("SUBQ %s, R8", cutLengths)
	p.op("MOVQ R8, %s", cutCount)
	p.op("VZEROUPPER")
	p.op("RET")
}
