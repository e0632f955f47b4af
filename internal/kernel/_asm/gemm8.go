package main

import "fmt"

// The fields of gemm8.tile, behind the cursor.
var (
	tilePanel, tileInit   = field(0), field(8)
	tileGroups, tileTail  = field(16), field(24)
	tileColumns, tileSkip = field(32), field(40)
	tileTiles, tileOut    = field(48), field(56)
	tileLD, tileStored    = field(64), field(72)
	tileRule              = ruleAt(field, 80)
	tileBias, tileMult    = field(104), field(112)
	tileFetch             = 120 // behind the cursor

	// AVX2 only.
	tileSecond, tileRuns   = field(144), field(152)
	tileExcess, tileWhere  = field(160), field(168)
	tileEnds, tileEndsAt   = field(176), field(184)
	tileCarry, tileCarryAt = field(192), field(200)
)

// gemm8 writes routines for tiles of rows rows by vectors vectors of columns. A step takes four
// codes of each row, broadcast to all columns, and four weights of each column. Accumulators
// are in the first registers; the epilogue, which requantizes them, uses four registers from
// free on.
type gemm8 struct {
	*printer
	lanes
	rows, vectors int
	free          int
	dot           func(weights, codes, sums string) // adds four products of each column
	words         bool                              // weights are widened to words as they are loaded
}

// panel is the size of the weights of a step, in bytes.
func (g gemm8) panel() int { return g.vectors * g.weights() }

// weights is the size of a vector of them.
func (g gemm8) weights() int {
	if g.words {
		return g.bytes / 2
	}
	return g.bytes
}

// load loads the weights of vector i from DX on.
func (g gemm8) load(i int, to string) {
	move := g.move()
	if g.words {
		move = "VPMOVSXBW"
	}
	g.op("%s %d(DX), %s", move, i*g.weights(), to)
}

func (g gemm8) name() string { return fmt.Sprintf("tiles%dx%d%s", g.rows, g.vectors*g.bytes/4, g.isa) }

func (g gemm8) sum(r, j int) string { return g.r(r*g.vectors + j) }

// width lists the heights of the tiles that are some vectors wide.
type width struct {
	vectors int
	heights []int
}

// gemm8Tiles writes the routines for tiles of all sizes, in the order of widths.
func gemm8Tiles(g gemm8, widths []width, sum func(gemm8, operandRows)) {
	var names []string
	g.packOrder(g.printer, "order"+g.isa)
	realLimit(g.printer)
	for _, w := range widths {
		g.vectors = w.vectors
		for _, g.rows = range w.heights {
			names = append(names, g.name())
			g.tiles(sum)
		}
	}
	g.dispatcher("tiles"+g.isa, "arg *tile", names)
}

// sumDots accumulates tiles with dot.
func sumDots(g gemm8, o operandRows) {
	g.start()
	for c := 1; c < g.chains(); c++ {
		for j := range g.vectors {
			g.op("VPXOR%s %s, %s, %s", g.either("", "Q"), g.sum(c, j), g.sum(c, j), g.sum(c, j))
		}
	}
	o.each(func() { g.run(o) })
	for c := 1; c < g.chains(); c++ {
		for j := range g.vectors {
			g.op("VPADDD %s, %s, %s", g.sum(c, j), g.sum(0, j), g.sum(0, j))
		}
	}
}

// tiles writes a routine that computes tile after tile; sum leaves the accumulators of one in
// the first registers.
func (g gemm8) tiles(sum func(gemm8, operandRows)) {
	o := operandRows{g.printer, g.rows, 0, g.evex()}
	g.routine(g.name())
	o.masks()
	g.op("MOVQ $0, %s", cursorAt)
	g.op("MOVQ $0, %s", tileStored)
	g.op("MOVQ $0, %s", tileEndsAt)
	g.op("MOVQ $0, %s", tileCarryAt)
	if g.evex() {
		g.op("MOVQ %s, AX", tileTail)
		g.op("KMOVW AX, K1")
	}
	g.line("tile:")
	sum(g, o)
	g.results()
	o.advance()
	g.op("DECQ %s", tileTiles)
	g.op("JNZ tile")
	g.op("VZEROUPPER")
	g.op("RET")
}

// start initialises the accumulators, and points DX to the panel.
func (g gemm8) start() {
	g.op("MOVQ %s, DX", tilePanel)
	g.op("MOVQ %s, AX", tileInit)
	for j := range g.vectors {
		g.op("%s %d(AX), %s", g.move(), j*g.bytes, g.sum(0, j))
	}
	for r := 1; r < g.rows; r++ {
		for j := range g.vectors {
			g.op("%s %s, %s", g.either("VMOVDQA", "VMOVDQA64"), g.sum(0, j), g.sum(r, j))
		}
	}
}

// chains is the number of accumulators that a column of a single row has: independent ones hide
// the latency of dot.
func (g gemm8) chains() int {
	if g.rows > 1 {
		return 1
	}
	return 4
}

// run accumulates one run.
func (g gemm8) run(o operandRows) {
	g.steps(1, func(i int) {
		g.step(o, i, i%g.chains(), func(r int, to string) { g.op("VPBROADCASTD %d(%s)(AX*4), %s", 4*i, o.run(r, "BX"), to) })
	})
	if g.evex() {
		g.op("CMPQ %s, $0", tileTail)
		g.op("JEQ next")
		g.step(o, 0, 0, func(r int, to string) {
			x := "X" + to[1:]
			g.op("VMOVDQU8.Z (%s)(AX*4), K1, %s", o.run(r, "BX"), x)
			g.op("VPBROADCASTD %s, %s", x, to)
		})
		g.op("ADDQ $%d, DX", g.vectors*g.bytes)
		g.line("next:")
		g.op("ADDQ %s, DX", tileSkip)
	}
}

// steps goes over the groups of a run, four at a time, and prefetches the next panel's weights. step
// takes groups of them, from the i-th on behind those at AX.
func (g gemm8) steps(groups int, step func(i int)) {
	const unroll = 4
	g.fetch(tileFetch)
	g.op("SHLQ $2, SI // for four steps")
	g.op("XORQ AX, AX")
	g.op("SUBQ $%d, %s", unroll, tileGroups)
	g.op("JLT rest")
	g.op("PCALIGN $32")
	g.line("steps:")
	for i := 0; i < unroll; i += groups {
		step(i)
	}
	g.op("PREFETCHT1 (CX)")
	g.op("ADDQ SI, CX")
	g.op("ADDQ $%d, DX", unroll*g.panel())
	g.op("ADDQ $%d, AX", unroll)
	g.op("CMPQ AX, %s", tileGroups)
	g.op("JLE steps")
	g.op("MOVQ CX, %s", field(tileFetch))
	g.line("rest:")
	g.op("ADDQ $%d, %s", unroll, tileGroups)
	g.op("CMPQ AX, %s", tileGroups)
	g.op("JGE tail")
	g.line("step:")
	step(0)
	g.op("ADDQ $%d, DX", groups*g.panel())
	if groups == 1 {
		g.op("INCQ AX")
	} else {
		g.op("ADDQ $%d, AX", groups)
	}
	g.op("CMPQ AX, %s", tileGroups)
	g.op("JLT step")
	g.line("tail:")
}

// step multiplies four codes of each row, which load loads, by the weights i steps beyond those
// at DX, into one chain of accumulators. Weights are in the registers in front of free+2, codes
// in the two from there on.
func (g gemm8) step(o operandRows, i, chain int, load func(r int, to string)) {
	weights := g.free + 2 - g.vectors
	for j := range g.vectors {
		g.load(i*g.vectors+j, g.r(weights+j))
	}
	for r := range g.rows {
		codes := g.r(g.free + 2 + r%2)
		load(r, codes)
		for j := range g.vectors {
			g.dot(g.r(weights+j), codes, g.sum(r+chain, j))
		}
	}
}

// results stores the accumulators, or requantizes them and stores the codes.
func (g gemm8) results() {
	g.op("MOVQ %s, AX", tileOut)
	g.op("ADDQ %s, AX", tileStored)
	g.op("MOVQ %s, R8", tileLD)
	g.op("MOVQ %s, SI", tileRule.rule)
	g.op("MOVQ %s, BX", tileBias)
	g.op("MOVQ %s, CX", tileMult)
	g.branch("SI", "")
	mask := func(j int) string { return "" }
	if g.evex() {
		g.op("MOVQ %s, SI", tileColumns)
		for j := range g.vectors {
			g.op("KMOVW SI, K%d", 4+j)
			g.op("SHRQ $16, SI")
		}
		mask = func(j int) string { return fmt.Sprintf("K%d, ", 4+j) }
	}
	for r := range g.rows {
		for j := range g.vectors {
			g.op("%s %s, %s%d(AX)", g.either("VMOVDQU", "VMOVDQU32"), g.sum(r, j), mask(j), j*g.bytes)
		}
		g.op("ADDQ R8, AX")
	}
	g.op("JMP stored")
	g.integers()
	g.codes()
	g.line("stored:")
	g.op("SUBQ %s, AX", tileOut)
	g.op("MOVQ AX, %s", tileStored)
}

// integers requantizes all accumulators to int32, which codes packs.
func (g gemm8) integers() {
	bias, mult, one, two := g.r(g.free), g.r(g.free+1), g.r(g.free+2), g.r(g.free+3)
	all := func(value func(s string)) {
		for i := range g.rows * g.vectors {
			value(g.r(i))
		}
	}
	each := func(value func(s string)) {
		for j := range g.vectors {
			g.op("%s %d(BX), %s", g.move(), j*g.bytes, bias)
			g.op("%s %d(CX), %s", g.move(), j*g.bytes, mult)
			for r := range g.rows {
				value(g.sum(r, j))
			}
		}
	}
	scale := func(s string) {
		g.op("VMULPS %s, %s, %s", mult, s, s)
		g.op("VCVTPS2DQ %s, %s", s, s)
	}
	g.line("addBias:")
	each(func(s string) {
		g.op("VCVTDQ2PS %s, %s", s, s)
		g.op("VADDPS %s, %s, %s", bias, s, s)
		scale(s)
	})
	g.op("JMP codes")
	g.line("intBias:")
	each(func(s string) {
		g.op("VPADDD %s, %s, %s", bias, s, s)
		g.op("VCVTDQ2PS %s, %s", s, s)
		scale(s)
	})
	g.op("JMP codes")
	g.line("fusedBias:")
	g.op("VBROADCASTSS %s, %s", tileRule.biasMul, one)
	each(func(s string) {
		g.op("VCVTDQ2PS %s, %s", s, s)
		g.op("VFMADD231PS %s, %s, %s", bias, one, s)
		scale(s)
	})
	g.op("JMP codes")
	g.line("realBias:")
	g.op("VBROADCASTSS %s, %s", tileRule.biasMul, one)
	g.op("VBROADCASTSS %s, %s", tileRule.realZero, two)
	each(func(s string) {
		g.op("VCVTDQ2PS %s, %s", s, s)
		g.op("VMULPS %s, %s, %s", mult, s, s)
		g.op("VADDPS %s, %s, %s", bias, s, s)
		g.op("VMULPS %s, %s, %s", one, s, s)
		g.op("VADDPS %s, %s, %s", two, s, s)
	})
	g.op("VBROADCASTSS realLimit<>(SB), %s", one)
	all(func(s string) {
		g.op("VMINPS %s, %s, %s // NaN stays", s, one, s)
		g.op("VCVTPS2DQ %s, %s", s, s)
	})
	g.line("codes:")
}

// codes packs the integers to bytes, four vectors at a time, and stores them. The two
// saturations at int16 are the contract's. Masked stores are slow, and used for partial panels
// only.
func (g gemm8) codes() {
	zero, lo, hi, order := g.r(g.free), g.r(g.free+1), g.r(g.free+2), g.r(g.free+3)
	g.op("VPBROADCASTW %s, %s", tileRule.zero, zero)
	g.op("VPBROADCASTB %s, %s", tileRule.lo, lo)
	g.op("VPBROADCASTB %s, %s", tileRule.hi, hi)
	g.op("%s order%s<>(SB), %s", g.move(), g.isa, order)
	all := g.rows * g.vectors
	v := func(i int) string { return g.r(min(i, all-1)) } // a partial last group repeats the last register
	for i := 0; i < all; i += 4 {
		g.op("VPACKSSDW %s, %s, %s", v(i+1), v(i), v(i))
		g.op("VPADDSW %s, %s, %s", zero, v(i), v(i))
		second := v(i)
		if i+2 < all {
			second = v(i + 2)
			g.op("VPACKSSDW %s, %s, %s", v(i+3), second, second)
			g.op("VPADDSW %s, %s, %s", zero, second, second)
		}
		g.op("VPACKUSWB %s, %s, %s", second, v(i), v(i))
		g.op("VPMAXUB %s, %s, %s", lo, v(i), v(i))
		g.op("VPMINUB %s, %s, %s", hi, v(i), v(i))
		g.op("VPERMD %s, %s, %s", v(i), order, v(i))
	}
	if g.evex() {
		g.op("MOVQ %s, SI", tileColumns)
		g.op("KMOVQ SI, K5")
		g.op("NOTQ SI")
		if g.vectors < 4 {
			g.op("SHLQ $%d, SI", 64-16*g.vectors)
		}
		g.op("TESTQ SI, SI")
		g.op("JNZ narrow")
	}
	size := g.vectors * g.bytes / 4 // of a row
	for r := range g.rows {
		at := r * g.vectors % 4 * g.bytes / 4 // in its register
		i := r * g.vectors / 4 * 4
		g.part(i, at, size)
		g.op("ADDQ R8, AX")
	}
	if !g.evex() {
		return
	}
	g.op("JMP stored")
	g.line("narrow:")
	for r := range g.rows {
		at := r * g.vectors % 4
		i := r * g.vectors / 4 * 4
		to := g.r(g.free)
		switch {
		case at == 0:
			to = g.r(i)
		case g.vectors == 2:
			g.op("VEXTRACTI64X4 $1, %s, Y%d", g.r(i), g.free)
		default:
			g.op("VEXTRACTI32X4 $%d, %s, X%d", at, g.r(i), g.free)
		}
		g.op("VMOVDQU8 %s, K5, (AX)", to)
		g.op("ADDQ R8, AX")
	}
}

// part stores size bytes of register i, from byte at on.
func (g gemm8) part(i, at, size int) {
	switch {
	case size == 8 && at%16 == 0 && at > 0:
		g.op("VEXTRACTI128 $1, Y%d, X%d", i, g.free)
		g.op("VMOVQ X%d, (AX)", g.free)
	case size == 8 && at == 0:
		g.op("VMOVQ X%d, (AX)", i)
	case size == 8 && at > 16:
		g.op("VPEXTRQ $1, X%d, (AX)", g.free)
	case size == 8:
		g.op("VPEXTRQ $1, X%d, (AX)", i)
	case size == 64:
		g.op("VMOVDQU32 Z%d, (AX)", i)
	case size == 16 && at == 0:
		g.op("%s X%d, (AX)", g.either("VMOVDQU", "VMOVDQU32"), i)
	case size == 16 && !g.evex():
		g.op("VEXTRACTI128 $1, Y%d, (AX)", i)
	case size == 16:
		g.op("VEXTRACTI32X4 $%d, Z%d, (AX)", at/16, i)
	case at == 0:
		g.op("VMOVDQU32 Y%d, (AX)", i)
	default:
		g.op("VEXTRACTI64X4 $1, Z%d, (AX)", i)
	}
}
