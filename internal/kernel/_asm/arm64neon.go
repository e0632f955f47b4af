package main

// Registers of tiles that 8-bit products are added up for in 16 bits: codes of rows, weights
// of columns, a sum in 16 bits for each row, and the bits by which unsigned and signed codes
// differ.
const (
	neonWeights = 4
	neonShort   = 8
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
	g.vectors, g.keeps = 1, true
	var names []string
	for _, apart := range []bool{false, true} {
		g.isa = map[bool]string{false: "NEON", true: "ApartNEON"}[apart]
		for _, g.rows = range []int{1, 2, 4} {
			names = append(names, g.name())
			g.tiles(func(g arm64Gemm8) { g.op("VMOVI $0x80, %s", bytes16(neonFlip)) },
				func(g arm64Gemm8, o arm64Rows) arm64Gemm8 {
					for r := range g.rows {
						for j := range neonColumns {
							g.op("VMOVI $0, %s", bytes16(g.part(r, j)))
						}
					}
					g.op("MOVD %s, %s", at(tilePanel), panelReg)
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

// neonRun adds the products of one run, and fetches the next panel's weights meanwhile.
func (g arm64Gemm8) neonRun(o arm64Rows, apart bool) {
	rows := func(do func(r int)) {
		for r := range g.rows {
			do(r)
		}
	}
	g.fetch(tileFetch)
	g.op("MOVD %s, %s", at(tileGroups), depthReg)
	g.op("PCALIGN $16")
	g.line("step:")
	rows(func(r int) { g.op("FMOVQ.P 16(%s), F%d", o.run(r), r) })
	g.print(g.loads(2, 0, panelReg, neonWeights))
	g.op("PRFM (%s), PLDL2KEEP", fetchReg)
	g.op("ADD %s, %s", byReg, fetchReg)
	rows(func(r int) { g.op("VEOR %s, %s, %s", bytes16(neonFlip), bytes16(r), bytes16(r)) })
	products := g.lines(func() {
		for j := range neonColumns {
			w := neonWeights + j
			add := func(r int) { g.v("sadalp 4s", g.part(r, j), neonShort+r) }
			rows(func(r int) { g.v("smull 8h", neonShort+r, r, w) })
			if apart {
				rows(add)
				rows(func(r int) { g.v("smull2 8h", neonShort+r, r, w) })
			} else {
				rows(func(r int) { g.v("smlal2 8h", neonShort+r, r, w) })
			}
			rows(add)
		}
	})
	second := len(products) / 2
	g.spread(products[:second], g.loads(2, 32, panelReg, neonWeights+2))
	g.print(products[second:])
	g.op("ADD $%d, %s", 16*neonColumns, panelReg)
	g.op("SUBS $1, %s", depthReg)
	g.op("BNE step")
}

// neonSums adds the four parts of each sum, and the initial accumulators.
func (g arm64Gemm8) neonSums() arm64Gemm8 {
	add := func(a, b, to int) { g.op("VADDP %s, %s, %s", words4(b), words4(a), words4(to)) }
	g.op("MOVD %s, %s", at(tileInit), temp)
	g.op("FMOVQ (%s), F%d", temp, neonWeights)
	for r := range g.rows {
		add(g.part(r, 0), g.part(r, 1), g.part(r, 0))
		add(g.part(r, 2), g.part(r, 3), g.part(r, 2))
	}
	for r := range g.rows {
		add(g.part(r, 0), g.part(r, 2), g.part(r, 0))
	}
	for r := range g.rows {
		g.sums = append(g.sums, g.part(r, 0))
		g.op("VADD %s, %s, %s", words4(neonWeights), words4(g.part(r, 0)), words4(g.part(r, 0)))
	}
	return g
}
