package main

// gemm8Words multiplies words, which is exact for all codes and weights, by Winograd's formula for
// inner products (1968, today: fast inner product),
//
//	x0*w0 + x1*w1 = (x0 + w1) * (x1 + w0) - x0*x1 - w0*w1
//
// Of the last two terms, the codes' is added up once for a row, the weights' once for a column. So
// half of the multiplications become additions of words, which more ports of a CPU can do. Codes are
// words already, weights become words as they are loaded.
func gemm8Words(p *printer) {
	g := gemm8{printer: p, lanes: lanes{"AVX2Words", "Y", 32}, free: 12, words: true}
	gemm8Tiles(g, []width{{1, []int{1, 2, 4}}, {2, []int{1, 2, 4}}}, sumWords)
	widenAVX2(p)
	crossAVX2(p)
}

// sumWords keeps accumulators in Y0 to Y7, two pairs of weights of each vector of columns in Y8
// to Y11, of codes in Y12 and Y13, sums in Y14 and Y15. In front of each row is the negative of its
// term.
func sumWords(g gemm8, o operandRows) {
	o.plain()
	g.op("MOVQ %s, DX", tilePanel)
	g.op("MOVQ %s, AX", tileInit)
	for j := range g.vectors {
		g.op("VMOVDQU %d(AX), %s", j*g.bytes, g.r(14+j))
	}
	for r := range g.rows {
		g.op("VPBROADCASTD -4(%s), Y13", o.run(r, ""))
		for j := range g.vectors {
			g.op("VPADDD Y13, %s, %s", g.r(14+j), g.sum(r, j))
		}
	}
	g.steps(2, func(i int) { g.crossed(o, i) })
}

// crossed multiplies two groups, of two codes of each row, from the i-th on: the codes of one meet the
// weights of the other.
func (g gemm8) crossed(o operandRows, i int) {
	for j := range g.vectors {
		g.op("VPMOVSXBW %d(DX), Y%d", i*g.panel()+j*g.weights(), 8+2*j)
		g.op("VPMOVSXBW %d(DX), Y%d", (i+1)*g.panel()+j*g.weights(), 9+2*j)
	}
	for r := range g.rows {
		g.op("VPBROADCASTD %d(%s)(AX*4), Y12", 4*i, o.run(r, ""))
		g.op("VPBROADCASTD %d(%s)(AX*4), Y13", 4*(i+1), o.run(r, ""))
		// The last vector's sums take the place of the codes.
		for j := range g.vectors {
			g.op("VPADDW Y%d, Y12, Y%d", 9+2*j, g.firstSum(j))
		}
		for j := range g.vectors {
			g.op("VPADDW Y%d, Y13, Y%d", 8+2*j, g.firstSum(j)+1)
		}
		for j := range g.vectors {
			g.op("VPMADDWD Y%d, Y%d, Y%d", g.firstSum(j)+1, g.firstSum(j), g.firstSum(j))
		}
		for j := range g.vectors {
			g.op("VPADDD Y%d, %s, %s", g.firstSum(j), g.sum(r, j), g.sum(r, j))
		}
	}
}

func (g gemm8) firstSum(j int) int {
	if j == g.vectors-1 {
		return 12
	}
	return 14
}

// widenAVX2 writes the routine that gathers the runs of each row into contiguous memory, as words,
// with zeros up to a multiple of 32 bytes, behind which are eight bytes more. The last vector of a run
// overlaps the one before it.
func widenAVX2(p *printer) {
	p.gatheredRows("widenAVX2", func() {
		p.op("VPXOR Y1, Y1, Y1")
	}, func() {
		p.op("VMOVDQU Y1, -40(R13)")
	}, func() {
		p.op("MOVQ R11, CX")
		p.op("CMPQ CX, $16")
		p.op("JLT short")
		p.line("vector:")
		p.op("VPMOVZXBW (SI), Y0")
		p.op("VMOVDQU Y0, (DX)")
		p.op("ADDQ $16, SI")
		p.op("ADDQ $32, DX")
		p.op("SUBQ $16, CX")
		p.op("CMPQ CX, $16")
		p.op("JGE vector")
		p.op("ADDQ CX, SI")
		p.op("LEAQ (DX)(CX*2), DX")
		p.op("VPMOVZXBW -16(SI), Y0")
		p.op("VMOVDQU Y0, -32(DX)")
		p.op("JMP next")
		p.line("short:")
		p.op("CMPQ CX, $8")
		p.op("JLT code")
		p.op("VPMOVZXBW (SI), X0")
		p.op("VPMOVZXBW -8(SI)(CX*1), X2")
		p.op("VMOVDQU X0, (DX)")
		p.op("LEAQ (DX)(CX*2), DX")
		p.op("VMOVDQU X2, -16(DX)")
		p.op("JMP next")
		p.line("code:")
		p.op("MOVBLZX (SI), AX")
		p.op("MOVW AX, (DX)")
		p.op("INCQ SI")
		p.op("ADDQ $2, DX")
		p.op("DECQ CX")
		p.op("JNZ code")
	})
}

// crossAVX2 writes the routine that stores, in front of each row of words, the negative of the
// term of Winograd's formula for it. A multiplication finds each product twice.
func crossAVX2(p *printer) {
	p.text("crossAVX2", "arg *rowsOf")
	p.op("MOVQ %s, SI", rowsTo)
	p.op("MOVQ %s, BX", rowsCount)
	p.line("row:")
	p.op("MOVQ %s, CX", rowsPitch)
	p.op("SUBQ $8, CX")
	p.op("XORQ AX, AX")
	p.op("VPXOR Y2, Y2, Y2")
	p.line("vector:")
	p.op("VMOVDQU (SI)(AX*1), Y0")
	p.op("VPSHUFD $0xb1, Y0, Y1")
	p.op("VPMADDWD Y1, Y0, Y0")
	p.op("VPADDD Y0, Y2, Y2")
	p.op("ADDQ $32, AX")
	p.op("CMPQ AX, CX")
	p.op("JLT vector")
	p.op("VEXTRACTI128 $1, Y2, X0")
	p.op("VPADDD X0, X2, X2")
	p.op("VPSHUFD $0x4e, X2, X0")
	p.op("VPADDD X0, X2, X2")
	p.op("VMOVD X2, AX")
	p.op("NEGL AX")
	p.op("MOVL AX, -4(SI)")
	p.op("ADDQ %s, SI", rowsPitch)
	p.op("DECQ BX")
	p.op("JNZ row")
	p.op("VZEROUPPER")
	p.op("RET")
}
