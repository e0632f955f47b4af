package main

// gemm8Words multiplies with VPMADDWD: exact for all codes and weights, in two instructions for two
// codes of eight columns. Codes are words already, weights become words as they are loaded, which
// costs an instruction for all rows of a tile.
func gemm8Words(p *printer) {
	spare := 0
	g := gemm8{printer: p, lanes: lanes{"AVX2Words", "Y", 32}, free: 12, words: true}
	g.dot = func(weights, codes, sums string) {
		product := g.r(10 + spare)
		spare = 1 - spare
		p.op("VPMADDWD %s, %s, %s", weights, codes, product)
		p.op("VPADDD %s, %s, %s", product, sums, sums)
	}
	gemm8Tiles(g, []width{{1, []int{1, 3, 5}}, {2, []int{1, 3, 5}}}, sumDots)
	widenAVX2(p)
}

// widenAVX2 writes the routine that gathers the runs of each row into contiguous memory, as words.
// The last vector of a run overlaps the one before it.
func widenAVX2(p *printer) {
	p.gatheredRows("widenAVX2", func() {}, func() {
		p.op("MOVL $0, -4(R13)")
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
		p.op("VPMOVZXBW -8(SI)(CX*1), X1")
		p.op("VMOVDQU X0, (DX)")
		p.op("LEAQ (DX)(CX*2), DX")
		p.op("VMOVDQU X1, -16(DX)")
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
