package main

// gemm8Pairs multiplies with VPMADDWD: codes and weights are widened to 16 bits and products
// added in pairs, which is exact for all of them. That takes twice the multiplications of
// gemm8AVX2, but no scan of the codes, so that rows are read in place: it is faster for short
// reductions.
//
// Four codes of a row are two pairs: the first and the third, the second and the fourth.
// Weights, packed as bytes, are split in the same way.
func gemm8Pairs(p *printer) {
	p.line("")
	for i := range 8 {
		p.line("DATA lowBytes<>+%d(SB)/4, $0x00ff00ff", 4*i)
	}
	p.line("GLOBL lowBytes<>(SB), RODATA|NOPTR, $32")
	gemm8Tiles(gemm8{printer: p, lanes: lanes{"AVX2Pairs", "Y", 32}, free: 12}, []width{{1, []int{1, 4}}, {2, []int{1, 4}}}, sumPairs)
}

// sumPairs keeps accumulators in Y0 to Y7, two pairs of weights of each vector of columns in Y8
// to Y11, of codes in Y12 and Y13, products in Y14 and a mask in Y15.
func sumPairs(g gemm8, o operandRows) {
	g.start()
	g.op("VMOVDQU lowBytes<>(SB), Y15")
	o.each(func() {
		g.op("XORQ AX, AX")
		g.line("step:")
		for j := range g.vectors {
			even, odd := g.r(8+2*j), g.r(9+2*j)
			g.op("VMOVDQU %d(DX), %s", j*g.bytes, odd)
			g.op("VPSLLW $8, %s, %s", odd, even)
			g.op("VPSRAW $8, %s, %s", even, even)
			g.op("VPSRAW $8, %s, %s", odd, odd)
		}
		for r := range g.rows {
			g.op("VPBROADCASTD (%s)(AX*4), Y13", o.run(r, ""))
			g.op("VPAND Y15, Y13, Y12")
			g.op("VPSRLW $8, Y13, Y13")
			for j := range g.vectors {
				for i := range 2 {
					g.op("VPMADDWD %s, Y%d, Y14", g.r(8+2*j+i), 12+i)
					g.op("VPADDD Y14, %s, %s", g.sum(r, j), g.sum(r, j))
				}
			}
		}
		g.op("ADDQ $%d, DX", g.vectors*g.bytes)
		g.op("INCQ AX")
		g.op("CMPQ AX, %s", tileGroups)
		g.op("JLT step")
	})
}
