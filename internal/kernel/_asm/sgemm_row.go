package main

// sgemmRow writes the routine for a single row by four panels of two vectors of columns. A
// panel alone would wait for each sum to be added to; four of them wait for the memory that
// the weights come from. Sums are in Y0 to Y7, two of each panel, the number in Y8.
func sgemmRow(p *printer) (name string) {
	panels := [...]string{"DX", "R9", "R10", "R11"}
	g := sgemm{printer: p, lanes: avx2, rows: 1, vectors: 2 * len(panels), weight: 9, number: 8}
	o := operandRows{p, 1, 2, false}
	g.routine(g.name())
	g.op("MOVQ $0, %s", cursorAt)
	g.op("MOVQ $0, %s", stileStored)
	g.op("MOVQ %s, DX", stilePanel)
	for i, reg := range panels[1:] {
		g.op("MOVQ %s, %s", panels[i], reg)
		g.op("ADDQ %s, %s", stileNextPanel, reg)
	}
	g.op("MOVQ %s, AX", stileBias)
	for j := range g.vectors {
		g.op("VMOVUPS %d(AX), %s", j*g.bytes, g.sum(0, j))
	}
	step := func(i int) {
		g.op("VBROADCASTSS %d(%s)(AX*4), Y8", 4*i, o.run(0, ""))
		for j := range g.vectors {
			g.op("VFMADD231PS %d(%s), Y8, %s", (2*i+j%2)*g.bytes, panels[j/2], g.sum(0, j))
		}
	}
	advance := func(steps int) {
		for _, reg := range panels {
			g.op("ADDQ $%d, %s", 2*steps*g.bytes, reg)
		}
		g.op("ADDQ $%d, AX", steps)
	}
	const unroll = 4
	o.each(func() {
		g.op("XORQ AX, AX")
		g.op("MOVQ %s, BX", stileDepth)
		g.op("SUBQ $%d, BX", unroll)
		g.op("JLT rest")
		g.op("PCALIGN $32")
		g.line("steps:")
		for i := range unroll {
			step(i)
		}
		advance(unroll)
		g.op("CMPQ AX, BX")
		g.op("JLE steps")
		g.line("rest:")
		g.op("CMPQ AX, %s", stileDepth)
		g.op("JGE done")
		g.line("step:")
		step(0)
		advance(1)
		g.op("CMPQ AX, %s", stileDepth)
		g.op("JLT step")
		g.line("done:")
	})
	g.store()
	g.op("VZEROUPPER")
	g.op("RET")
	return g.name()
}
