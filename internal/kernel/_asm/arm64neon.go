package main

// Registers of tiles that 8-bit products are added up for in 16 bits: codes of rows, weights
// of columns, a sum in 16 bits for each row, and the bits by which unsigned and signed codes
// differ.
const (
	neonSecond  = 4 // codes of the second of two groups; of one alone, its weights
	neonShort   = 8
	neonWeights = 12 // of two groups, up to the bits
	neonFlip    = 15
	neonColumns = 4
)

// gemm8NEON multiplies with SMULL and SMLAL. Codes are made signed, 128 less, by flipping a
// bit. A group is sixteen codes of a row by as many weights of a column: eight sums of two
// products in 16 bits, which SADALP adds to four accumulators.
//
// Two products fit 16 bits whatever the codes are, unless both weights are -128. Panels with
// such a pair take routines that add each product by itself.
func gemm8NEON(p *printer) {
	g := arm64Gemm8{arm64Results: arm64Tiles(p)}
	g.vectors = 1
	var names []string
	for _, apart := range []bool{false, true} {
		g.isa = map[bool]string{false: "NEON", true: "ApartNEON"}[apart]
		for _, g.rows = range []int{1, 2, 4} {
			names = append(names, g.name())
			g.tiles(func(g arm64Gemm8) { g.op("VMOVI $0x80, %s", bytes16(neonFlip)) },
				func(g arm64Gemm8, o arm64Rows) arm64Gemm8 {
					g.neonStart()
					o.each(func() { g.neonRun(o, apart) })
					return g.neonSums()
				})
		}
	}
	g.dispatcher("tilesNEON", "arg *tile", names)
	gemm8Gather(p)
}

// part is the register of the four sums whose sum is that of row r and column j.
func (g arm64Gemm8) part(r, j int) int { return 16 + r*neonColumns + j }

// neonStart makes the initial accumulators the first of the parts, the others zero, and sets
// the panel.
func (g arm64Gemm8) neonStart() {
	g.op("MOVD %s, %s", at(tilePanel), panelReg)
	g.op("MOVD %s, %s", at(tileInit), temp)
	for j := 0; j < neonColumns; j += 2 {
		g.op("FLDPS %d(%s), (F%d, F%d)", 4*j, temp, g.part(0, j), g.part(0, j+1))
	}
	for r := 1; r < g.rows; r++ {
		for j := range neonColumns {
			g.move(g.part(0, j), g.part(r, j))
		}
	}
}

// neonRun adds the products of one run, two groups at a time behind one that is left over, and
// fetches the next panel's weights meanwhile.
func (g arm64Gemm8) neonRun(o arm64Rows, apart bool) {
	fetch := func(shift int) {
		g.op("PRFM (%s), PLDL2KEEP", fetchReg)
		g.op("ADD %s<<%d, %s", byReg, shift, fetchReg)
	}
	weights := func(a, b int) []string {
		return g.lines(func() { g.op("FLDPQ.P 32(%s), (F%d, F%d)", panelReg, a, b) })
	}
	flip := func(codes int) {
		g.each(func(r int) { g.op("VEOR %s, %s, %s", bytes16(neonFlip), bytes16(codes+r), bytes16(codes+r)) })
	}
	products := func(codes, weights, column int) []string {
		return g.lines(func() { g.neonProducts(codes, weights, column, apart) })
	}
	g.fetch(tileFetch)
	g.op("MOVD %s, %s", at(tileGroups), depthReg)
	g.op("TBZ $0, %s, pairs", depthReg)
	g.each(func(r int) { g.op("FMOVQ.P 16(%s), F%d", o.run(r), r) })
	g.print(weights(neonSecond, neonSecond+1))
	fetch(0)
	flip(0)
	g.print(products(0, neonSecond, 0))
	g.spread(products(0, neonSecond+1, 1), weights(neonSecond+2, neonSecond+3))
	g.print(products(0, neonSecond+2, 2))
	g.print(products(0, neonSecond+3, 3))
	g.line("pairs:")
	g.op("LSR $1, %s", depthReg)
	g.op("CBZ %s, next", depthReg)
	g.op("PCALIGN $16")
	g.line("steps:")
	// Weights are loaded a column ahead, into registers of columns that are done.
	const a, b, c = neonWeights, neonWeights + 1, neonWeights + 2
	g.each(func(r int) { g.op("FLDPQ.P 32(%s), (F%d, F%d)", o.run(r), r, neonSecond+r) })
	g.print(weights(a, b))
	fetch(1)
	flip(0)
	g.print(products(0, a, 0))
	g.spread(products(0, b, 1), weights(c, a))
	g.print(products(0, c, 2))
	g.spread(products(0, a, 3), weights(b, c))
	flip(neonSecond)
	g.print(products(neonSecond, b, 0))
	g.spread(products(neonSecond, c, 1), weights(a, b))
	g.print(products(neonSecond, a, 2))
	g.print(products(neonSecond, b, 3))
	g.op("SUBS $1, %s", depthReg)
	g.op("BNE steps")
	g.line("next:")
}

// neonProducts adds those of a group of each row by the weights of a column.
func (g arm64Gemm8) neonProducts(codes, weights, column int, apart bool) {
	add := func(r int) { g.v("sadalp 4s", g.part(r, column), neonShort+r) }
	g.each(func(r int) { g.v("smull 8h", neonShort+r, codes+r, weights) })
	if apart {
		g.each(add)
		g.each(func(r int) { g.v("smull2 8h", neonShort+r, codes+r, weights) })
	} else {
		g.each(func(r int) { g.v("smlal2 8h", neonShort+r, codes+r, weights) })
	}
	g.each(add)
}

// neonSums adds the four parts of each sum.
func (g arm64Gemm8) neonSums() arm64Gemm8 {
	add := func(a, b int) { g.op("VADDP %s, %s, %s", words4(b), words4(a), words4(a)) }
	for r := range g.rows {
		add(g.part(r, 0), g.part(r, 1))
		add(g.part(r, 2), g.part(r, 3))
	}
	for r := range g.rows {
		add(g.part(r, 0), g.part(r, 2))
		g.sums = append(g.sums, g.part(r, 0))
	}
	return g
}
