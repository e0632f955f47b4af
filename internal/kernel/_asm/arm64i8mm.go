package main

// Registers of tiles that USMMLA multiplies: rows, or pairs of rows, and the one behind them,
// which is free when they are paired; then weights, in turn.
const (
	mmlaFree    = 8
	mmlaWeights = 9
	mmlaInTurn  = 3 // pairs of registers
)

// gemm8I8MM multiplies with USMMLA: eight codes of two rows by eight weights of two columns.
// A group of weights is eight of each column.
func gemm8I8MM(p *printer) {
	heights := []int{1, 2, 4, 8}
	arm64Gemm8Tiles(arm64Gemm8{arm64Tiles(p), "I8MM"}, []width{{1, heights}, {2, heights}},
		func(arm64Gemm8) {},
		func(g arm64Gemm8, o arm64Rows) arm64Gemm8 {
			g.mmlaStart()
			o.each(func() { g.mmlaRun(o) })
			return g.mmlaSums()
		})
}

// square is the register of the sums of a pair of rows and a pair of columns.
func (g arm64Gemm8) square(rows, columns int) int { return 16 + rows*2*g.vectors + columns }

func (g arm64Gemm8) pairs() int { return (g.rows + 1) / 2 }

// mmlaStart sets the sums to the initial accumulators, and the panel.
func (g arm64Gemm8) mmlaStart() {
	g.op("MOVD %s, %s", at(tilePanel), panelReg)
	g.op("MOVD %s, %s", at(tileInit), temp)
	for j := range 2 * g.vectors {
		g.op("VLD1R.P 8(%s), [%s]", temp, longs2(g.square(0, j)))
	}
	for i := 1; i < g.pairs(); i++ {
		for j := range 2 * g.vectors {
			g.move(g.square(0, j), g.square(i, j))
		}
	}
}

// mmlaRun adds the products of one run, two groups at a time, and fetches the next panel's
// weights meanwhile.
func (g arm64Gemm8) mmlaRun(o arm64Rows) {
	squares := 2 * g.vectors
	register := func(i int) int { return mmlaWeights + i/2%mmlaInTurn*2 + i%2 }
	// weights loads two at a time. Of the second group, the later half takes the registers of
	// the first group's first, when these are multiplied.
	weights := func(first int) []string {
		return g.lines(func() {
			for i := first; i < first+squares; i += 2 {
				g.op("FLDPQ %d(%s), (F%d, F%d)", 16*i, panelReg, register(i), register(i+1))
			}
		})
	}
	// pair puts the first eight codes of two rows into one register, the others into another.
	low, high := make([]int, g.pairs()), make([]int, g.pairs())
	pair := func(both bool) {
		free := mmlaFree
		for i := range g.pairs() {
			a, b := 2*i, min(2*i+1, g.rows-1)
			low[i], high[i] = free, b
			g.op("VZIP1 %s, %s, %s", longs2(b), longs2(a), longs2(low[i]))
			if both {
				g.op("VZIP2 %s, %s, %s", longs2(b), longs2(a), longs2(high[i]))
			}
			free = a
		}
	}
	products := func(first int, codes []int) []string {
		return g.lines(func() {
			for j := range squares {
				for i := range g.pairs() {
					g.v("usmmla", g.square(i, j), codes[i], register(first+j))
				}
			}
		})
	}
	g.fetch(tileFetch)
	g.op("LSL $1, %s // for two groups", byReg)
	g.op("MOVD %s, %s", at(tileGroups), depthReg)
	g.op("SUBS $2, %s", depthReg)
	g.op("BLT rest")
	g.op("PCALIGN $16")
	g.line("steps:")
	for r := range g.rows {
		g.op("FMOVQ.P 16(%s), F%d", o.run(r), r)
	}
	g.print(weights(0))
	g.op("PRFM (%s), PLDL2KEEP", fetchReg)
	g.op("ADD %s, %s", byReg, fetchReg)
	pair(true)
	g.spread(products(0, low), weights(squares))
	g.print(products(squares, high))
	g.op("ADD $%d, %s", 2*squares*16, panelReg)
	g.op("SUBS $2, %s", depthReg)
	g.op("BGE steps")
	g.line("rest:")
	g.op("ADDS $2, %s", depthReg)
	g.op("BEQ next")
	for r := range g.rows {
		g.op("FMOVD (%s), F%d", o.run(r), r)
	}
	g.print(weights(0))
	pair(false)
	g.print(products(0, low))
	g.op("ADD $%d, %s", squares*16, panelReg)
	g.line("next:")
}

// mmlaSums makes rows of the squares.
func (g arm64Gemm8) mmlaSums() arm64Gemm8 {
	free := 15 // beyond what requantize uses
	sums := make([]int, g.rows*g.vectors)
	for i := range g.pairs() {
		for j := range g.vectors {
			a, b := g.square(i, 2*j), g.square(i, 2*j+1)
			sums[2*i*g.vectors+j] = free
			g.op("VZIP1 %s, %s, %s", longs2(b), longs2(a), longs2(free))
			if 2*i+1 < g.rows {
				sums[(2*i+1)*g.vectors+j] = b
				g.op("VZIP2 %s, %s, %s", longs2(b), longs2(a), longs2(b))
			}
			free = a
		}
	}
	g.sums = sums
	return g
}
