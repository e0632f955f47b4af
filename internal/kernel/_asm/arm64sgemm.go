package main

import "fmt"

// arm64Sgemm writes a routine for tiles of rows rows by vectors vectors of four columns: FMLA
// multiplies weights by one number of a row, in a lane, with one rounding, K in order,
// starting from the bias; then it clamps.
//
// Numbers of rows are in the first registers, then two buffers of weights; sums are in the
// last.
type arm64Sgemm struct {
	arm64
	rows, vectors int
}

// sgemmNEON writes the routines for tiles of one vector of columns, then of two.
func sgemmNEON(p *printer) {
	g := arm64Sgemm{arm64: arm64{p}}
	var names []string
	for g.vectors = 1; g.vectors <= 2; g.vectors++ {
		for _, g.rows = range []int{1, 2, 4, 8} {
			names = append(names, g.name())
			g.write()
		}
	}
	g.dispatcher("tilesNEON", "arg *tile", names)
	g.widen()
}

func (g arm64Sgemm) name() string { return fmt.Sprintf("tiles%dx%dNEON", g.rows, 4*g.vectors) }

func (g arm64Sgemm) sum(r, j int) int { return 16 + r*g.vectors + j }

func (g arm64Sgemm) weights(step int) int { return mostRows + step%2*g.vectors }

func (g arm64Sgemm) write() {
	o := arm64Rows{g.arm64, g.rows, 2}
	g.routine(g.name())
	o.start()
	g.op("MOVD %s, %s", at(stileTiles), tilesReg)
	g.op("MOVD %s, %s", at(stileOut), outReg)
	g.op("MOVD %s, %s", at(stileLD), ldReg)
	g.op("MOVD %s, %s", at(field(stileFetch)), fetchReg)
	g.line("tile:")
	g.op("MOVD %s, %s", at(stilePanel), panelReg)
	g.op("MOVD %s, %s", at(stileBias), temp)
	g.print(g.loads(g.vectors, 0, temp, g.sum(0, 0)))
	for r := 1; r < g.rows; r++ {
		for j := range g.vectors {
			g.move(g.sum(0, j), g.sum(r, j))
		}
	}
	o.each(func() { g.run(o) })
	g.store()
	o.advance()
	g.op("SUBS $1, %s", tilesReg)
	g.op("BNE tile")
	g.op("MOVD %s, %s", fetchReg, at(field(stileFetch)))
	g.op("RET")
}

// run adds the products of one run, and fetches the next panel's weights meanwhile.
func (g arm64Sgemm) run(o arm64Rows) {
	g.fetch(stileFetch)
	g.op("LSL $2, %s // for four steps", byReg)
	g.op("MOVD %s, %s", at(stileDepth), depthReg)
	g.steps(o, true)
}

// steps adds the products of the runs that o points to, as long as depthReg says, four numbers
// of each row at a time.
func (g arm64Sgemm) steps(o arm64Rows, fetch bool) {
	const steps = 4
	size := 16 * g.vectors
	load := func(step int) []string { return g.loads(g.vectors, step*size, panelReg, g.weights(step)) }
	products := func(step int) []string {
		return g.lines(func() {
			for j := range g.vectors {
				for r := range g.rows {
					g.fmla(g.sum(r, j), g.weights(step)+j, r, step)
				}
			}
		})
	}
	g.op("SUBS $%d, %s", steps, depthReg)
	g.op("BLT rest")
	g.op("PCALIGN $16")
	g.line("steps:")
	for r := range g.rows {
		g.op("FMOVQ.P 16(%s), F%d", o.run(r), r)
	}
	g.print(load(0))
	if fetch {
		g.op("PRFM (%s), PLDL2KEEP", fetchReg)
		g.op("ADD %s, %s", byReg, fetchReg)
	}
	for step := range steps {
		var next []string
		if step+1 < steps {
			next = load(step + 1)
		}
		g.spread(products(step), next)
	}
	g.op("ADD $%d, %s", steps*size, panelReg)
	g.op("SUBS $%d, %s", steps, depthReg)
	g.op("BGE steps")
	g.line("rest:")
	g.op("ADDS $%d, %s", steps, depthReg)
	g.op("BEQ done")
	g.line("step:")
	for r := range g.rows {
		g.op("FMOVS.P 4(%s), F%d", o.run(r), r)
	}
	g.print(load(0))
	g.print(products(0))
	g.op("ADD $%d, %s", size, panelReg)
	g.op("SUBS $1, %s", depthReg)
	g.op("BNE step")
	g.line("done:")
}

// store clamps the accumulators and writes them.
func (g arm64Sgemm) store() {
	const lo, hi = 0, 1
	g.broadcast(stileLo, lo)
	g.broadcast(stileHi, hi)
	sums := make([]int, 0, 16)
	for r := range g.rows {
		for j := range g.vectors {
			sums = append(sums, g.sum(r, j))
		}
	}
	g.clamp(sums, lo, hi, mostRows)
	for r := range g.rows {
		for j := range g.vectors {
			g.op("FMOVQ F%d, %d(%s)", g.sum(r, j), 16*j, outReg)
		}
		g.op("ADD %s, %s", ldReg, outReg)
	}
}
