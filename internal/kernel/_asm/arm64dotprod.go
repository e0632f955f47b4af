package main

// Registers of tiles that SDOT multiplies: codes of a row, two buffers of weights, and the bits
// by which unsigned and signed codes differ.
const (
	sdotCodes   = 0
	sdotFlip    = 15
	sdotWeights = 4 // or behind the codes, if there are more rows
)

// gemm8DotProd multiplies with SDOT. Codes are made signed, 128 less, by flipping a bit; the
// initial accumulators have that times the sum of the weights added.
func gemm8DotProd(p *printer) {
	few, all := []int{1, 4, 8}, []int{1, 2, 3, 4}
	g := arm64Gemm8{arm64Tiles(p), "DotProd"}
	g.keeps = true
	arm64Gemm8Tiles(g, []width{{1, few}, {2, few}, {4, all}},
		func(g arm64Gemm8) { g.op("VMOVI $0x80, %s", bytes16(sdotFlip)) },
		func(g arm64Gemm8, o arm64Rows) arm64Gemm8 {
			g.start()
			o.each(func() { g.sdotRun(o) })
			return g
		})
}

// sdotRun adds the products of one run, four groups of codes at a time, and fetches the next
// panel's weights meanwhile.
func (g arm64Gemm8) sdotRun(o arm64Rows) {
	const groups = 4
	first := max(sdotWeights, g.rows)
	buffer := func(i int) int { return first + i%2*g.vectors }
	rows := func(do func(r int)) []string {
		return g.lines(func() {
			for r := range g.rows {
				do(r)
			}
		})
	}
	flip := func(r int) { g.op("VEOR %s, %s, %s", bytes16(sdotFlip), bytes16(r), bytes16(r)) }
	products := func(weights, lane int) []string {
		return g.lines(func() {
			for j := range g.vectors {
				for r := range g.rows {
					g.sdot(g.sum(r, j), weights+j, r, lane)
				}
			}
		})
	}
	// group multiplies the first lane of the codes.
	group := func() {
		g.print(rows(flip))
		g.print(products(first, 0))
		g.op("ADD $%d, %s", 16*g.vectors, panelReg)
	}
	g.fetch(tileFetch)
	g.op("LSL $2, %s // for four groups", byReg)
	g.op("MOVD %s, %s", at(tileGroups), depthReg)
	g.op("SUBS $%d, %s", groups, depthReg)
	g.op("BLT rest")
	g.op("PCALIGN $16")
	g.line("steps:")
	g.print(rows(func(r int) { g.op("FMOVQ.P 16(%s), F%d", o.run(r), r) }))
	g.print(g.loads(g.vectors, 0, panelReg, buffer(0)))
	g.op("PRFM (%s), PLDL2KEEP", fetchReg)
	g.op("ADD %s, %s", byReg, fetchReg)
	g.print(rows(flip))
	for i := range groups {
		var next []string
		if i+1 < groups {
			next = g.loads(g.vectors, (i+1)*16*g.vectors, panelReg, buffer(i+1))
		}
		g.spread(products(buffer(i), i), next)
	}
	g.op("ADD $%d, %s", groups*16*g.vectors, panelReg)
	g.op("SUBS $%d, %s", groups, depthReg)
	g.op("BGE steps")
	g.line("rest:")
	g.op("ADDS $%d, %s", groups, depthReg)
	g.op("BEQ tail")
	g.line("step:")
	g.print(rows(func(r int) { g.op("FMOVS.P 4(%s), F%d", o.run(r), r) }))
	g.print(g.loads(g.vectors, 0, panelReg, first))
	group()
	g.op("SUBS $1, %s", depthReg)
	g.op("BNE step")
	g.line("tail:")
	g.op("MOVD %s, %s", at(tileTail), temp)
	g.op("CBZ %s, next", temp)
	g.print(g.loads(g.vectors, 0, panelReg, first))
	// The mask of one code is 1, of two 3, of three 7.
	g.op("TBZ $1, %s, one", temp)
	g.op("TBZ $2, %s, two", temp)
	for r := range g.rows {
		g.op("MOVBU 2(%s), %s", o.run(r), temp)
		g.op("MOVHU (%s), %s", o.run(r), temp2)
		g.op("ORR %s<<16, %s", temp, temp2)
		g.op("FMOVS %s, F%d", temp2, r)
	}
	g.op("B last")
	g.line("two:")
	for r := range g.rows {
		g.op("MOVHU (%s), %s", o.run(r), temp)
		g.op("FMOVS %s, F%d", temp, r)
	}
	g.op("B last")
	g.line("one:")
	for r := range g.rows {
		g.op("MOVBU (%s), %s", o.run(r), temp)
		g.op("FMOVS %s, F%d", temp, r)
	}
	g.line("last:")
	group()
	g.line("next:")
}
