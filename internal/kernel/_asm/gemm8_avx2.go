package main

import "fmt"

// gemm8AVX2 multiplies with VPMADDUBSW, which adds pairs of products in 16 bits,
// and goes on in 16 bits for runs of up to four steps. The runs were cut when the
// weights were packed, such that no sum of codes leaves them: one list of runs holds
// for codes up to 128, another one, of shorter runs, for all codes. With the first,
// the part of larger codes above 127, the excess, is multiplied apart, as a list.
//
// The runs of four come first, then those of three, two and one, then the steps of
// which a single pair may leave 16 bits: they are multiplied with VPMADDWD. starts
// tells at which byte of a row each begins. The two vectors of columns are apart in
// memory, so that one register finds codes and weights.
//
// Accumulators of 32 bits are in Y0 to Y5, those of 16 bits in Y6 to Y11, weights in Y12 and
// Y13, codes in Y14, products in Y15.
func gemm8AVX2(p *printer) {
	p.line("")
	for i := range 8 {
		p.line("DATA ones16<>+%d(SB)/4, $0x00010001", 4*i)
		p.line("DATA ones8<>+%d(SB)/4, $0x01010101", 4*i)
		p.line("DATA lowBytes<>+%d(SB)/4, $0x00ff00ff", 4*i)
	}
	for _, name := range []string{"ones16", "ones8", "lowBytes"} {
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
	g.op("MOVQ %s, CX", tileRuns)
	g.op("MOVQ (CX), SI // starts, which counts follow")
	for i, steps := range []int{4, 3, 2, 1} {
		g.eachRun(i, fmt.Sprintf("run%d", steps), func() { g.shortRun(o, steps) })
	}
	g.eachRun(4, "pairs", func() { g.shortPairs(o) })
	g.op("MOVQ R13, %s", field(tileFetch))
}

// eachRun goes over the runs of a kind, that name tells from the others: body finds in
// AX at which byte of the rows one begins.
func (g gemm8) eachRun(kind int, name string, body func()) {
	g.op("MOVQ %d(CX), BX", 8+8*kind)
	g.op("TESTQ BX, BX")
	g.op("JZ %sDone", name)
	g.op("PCALIGN $32")
	g.line("%s:", name)
	g.op("MOVL (SI), AX")
	g.op("ADDQ $4, SI")
	body()
	g.op("DECQ BX")
	g.op("JNZ %s", name)
	g.line("%sDone:", name)
}

// shortRun adds the products of a run that begins at byte AX of the rows.
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

// shortPairs adds the products of a step that begins at byte AX of the rows, widened to
// 16 bits: the first and the third of four codes are a pair, the second and the fourth.
func (g gemm8) shortPairs(o operandRows) {
	for j := range g.vectors {
		even, odd := g.r(6+2*j), g.r(7+2*j)
		g.op("VMOVDQU %s, %s", shortWeights[j], odd)
		g.op("VPSLLW $8, %s, %s", odd, even)
		g.op("VPSRAW $8, %s, %s", even, even)
		g.op("VPSRAW $8, %s, %s", odd, odd)
	}
	for r := range g.rows {
		g.op("VPBROADCASTD (%s)(AX*1), Y14", o.run(r, ""))
		g.op("VPAND lowBytes<>(SB), Y14, Y13")
		g.op("VPSRLW $8, Y14, Y14")
		for j := range g.vectors {
			for i := range 2 {
				g.op("VPMADDWD %s, Y%d, Y15", g.r(6+2*j+i), 13+i)
				g.op("VPADDD Y15, %s, %s", g.sum(r, j), g.sum(r, j))
			}
		}
	}
	g.op("PREFETCHT1 (R13)")
	g.op("ADDQ R14, R13")
}

// excess adds the products of what codes have above 127. ends lists, row by row,
// where the row's groups of such codes end, behind the end of the row before.
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
	cutPositive, cutNegative       = "24(DI)", "28(DI)"
	cutLengths, cutCount           = "32(DI)", "40(DI)"
)

// cutRuns writes the routine that cuts a panel's steps into runs. For each sum of
// 16 bits, four vectors hold the sums of a run's positive and negative weights, which
// have bounds. A step that is beyond them alone is stored as one of length 5.
func cutRuns(p *printer) {
	p.text("cutAVX2", "arg *cut")
	p.op("MOVQ %s, SI", cutFirst)
	p.op("MOVQ %s, DX", cutSecond)
	p.op("MOVQ %s, CX", cutGroups)
	p.op("MOVQ %s, R8", cutLengths)
	p.op("VPXOR Y15, Y15, Y15")
	p.op("VPBROADCASTW %s, Y13", cutPositive)
	p.op("VPBROADCASTW %s, Y14", cutNegative)
	above := func(first int) {
		for i := range 4 {
			p.op("VPCMPGTW Y%d, Y%d, Y%d", 13+i%2, first+i, 8+i)
		}
		for i := 1; i < 4; i++ {
			p.op("VPOR Y%d, Y8, Y8", 8+i)
		}
		p.op("VPMOVMSKB Y8, BX")
		p.op("TESTL BX, BX")
	}
	emit := func(length string) {
		p.op("MOVB %s, (R8)", length)
		p.op("INCQ R8")
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
		p.op("VPMADDUBSW ones8<>(SB), Y%d, Y%d", 4+i, 4+i)
	}
	above(4)
	p.op("JNZ alone")
	p.op("TESTQ AX, AX")
	p.op("JZ begin")
	for i := range 4 {
		p.op("VPADDW Y%d, Y%d, Y%d", 4+i, i, i)
	}
	above(0)
	p.op("JNZ close")
	p.op("CMPQ AX, $4")
	p.op("JLT same")
	p.line("close:")
	emit("AX")
	p.op("XORQ AX, AX")
	p.line("begin:")
	for i := range 4 {
		p.op("VMOVDQA Y%d, Y%d", 4+i, i)
	}
	p.line("same:")
	p.op("INCQ AX")
	p.op("JMP next")
	p.line("alone:")
	p.op("TESTQ AX, AX")
	p.op("JZ first")
	emit("AX")
	p.line("first:")
	emit("$5")
	p.op("XORQ AX, AX")
	p.line("next:")
	p.op("ADDQ $32, SI")
	p.op("ADDQ $32, DX")
	p.op("DECQ CX")
	p.op("JNZ step")
	p.op("TESTQ AX, AX")
	p.op("JZ done")
	emit("AX")
	p.line("done:")
	p.op("SUBQ %s, R8", cutLengths)
	p.op("MOVQ R8, %s", cutCount)
	p.op("VZEROUPPER")
	p.op("RET")
}
