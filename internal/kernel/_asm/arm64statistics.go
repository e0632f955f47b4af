package main

import "fmt"

// Registers of the routines of ranges and histograms, of two vectors each.
const (
	statLo, statHi, statZeros = 0, 2, 4
	statX                     = 6
	statZero                  = 8
	statPtr, statCount        = "R1", "R4"
)

// statisticsNEON writes the routines of statistics, which take eight numbers a step.
func statisticsNEON(p *printer) {
	a := arm64{p}
	a.text("rangeNEON", "arg *ranging")
	a.openRange()
	a.line("step:")
	a.look()
	a.op("SUBS $1, %s", statCount)
	a.op("BNE step")
	a.closeRange()
	a.op("RET")
	a.histogram()
	a.noise()
}

// extremes are the fields of ranging that its routines keep in registers.
var extremes = []struct {
	field    string
	register int
}{{rangingLo, statLo}, {rangingHi, statHi}, {rangingZeros, statZeros}}

func (a arm64) openRange() {
	a.op("MOVD %s, %s", at(rangingX), statPtr)
	a.op("MOVD %s, %s", at(rangingCount), statCount)
	for _, e := range extremes {
		a.op("FLDPQ %s, (F%d, F%d)", at(e.field), e.register, e.register+1)
	}
	a.op("VMOVI $0, %s", bytes16(statZero))
}

func (a arm64) closeRange() {
	for _, e := range extremes {
		a.op("FSTPQ (F%d, F%d), %s", e.register, e.register+1, at(e.field))
	}
}

// look loads the numbers of a step and takes them into the range. A number that is not finite
// shows in the sum: times zero it is NaN, which stays.
func (a arm64) look() {
	a.op("FLDPQ.P 32(%s), (F%d, F%d)", statPtr, statX, statX+1)
	for j := range 2 {
		a.v("fmin 4s", statLo+j, statLo+j, statX+j)
		a.v("fmax 4s", statHi+j, statHi+j, statX+j)
		a.fused(statX+j, statZero, statZeros+j)
	}
}

// histogram writes the routine that queues the bins of all numbers, and counts them from
// there. Those outside the range go to the first or the last bin.
func (a arm64) histogram() {
	const from, span, many, last = 16, 17, 18, 19
	const queue, steps = "R5", "R6"
	tables := []string{"R7", "R8", "R9", "R10"}
	a.text("histogramNEON", "arg *binning")
	a.openRange()
	a.op("MOVD %s, %s", at(binningQueue), queue)
	a.op("MOVD %s, %s", statCount, steps)
	for _, c := range []struct {
		field string
		to    int
	}{{binningLo, from}, {binningSpan, span}, {binningMany, many}, {binningLast, last}} {
		a.broadcast(c.field, c.to)
	}
	a.line("step:")
	a.look()
	each := func(do func(x int)) {
		do(statX)
		do(statX + 1)
	}
	each(func(x int) { a.v("fsub 4s", x, x, from) })
	each(func(x int) { a.v("fmul 4s", x, x, many) })
	each(func(x int) { a.v("fdiv 4s", x, x, span) })
	each(func(x int) { a.v("fcvtzs 4s", x, x) })
	each(func(x int) { a.v("smin 4s", x, x, last) })
	each(func(x int) { a.v("smax 4s", x, x, statZero) })
	a.op("FSTPQ.P (F%d, F%d), 32(%s)", statX, statX+1, queue)
	a.op("SUBS $1, %s", statCount)
	a.op("BNE step")
	a.closeRange()

	a.op("LSL $3, %s, %s", steps, temp)
	a.op("MOVD %s, %s", temp, at(binningQueued))
	a.op("MOVD %s, %s", at(binningQueue), queue)
	a.op("MOVD %s, %s", at(binningTables), tables[0])
	a.op("MOVD %s, %s", at(binningStride), temp)
	for i := range len(tables) - 1 {
		a.op("ADD %s<<1, %s, %s", temp, tables[i], tables[i+1])
	}
	a.line("count:")
	for i := 0; i < 8; i += 2 {
		bins := []string{fmt.Sprintf("R%d", 11+i%4), fmt.Sprintf("R%d", 12+i%4)}
		a.op("LDPW.P 8(%s), (%s, %s)", queue, bins[0], bins[1])
		for j, bin := range bins {
			counted := []string{temp, temp2}[j]
			a.op("MOVHU (%s)(%s<<1), %s", tables[(i+j)%4], bin, counted)
			a.op("ADD $1, %s", counted)
			a.op("MOVH %s, (%s)(%s<<1)", counted, tables[(i+j)%4], bin)
		}
	}
	a.op("SUBS $1, %s", steps)
	a.op("BNE count")
	a.op("RET")
}

// noise writes the routine of the noise, whose four accumulators are the lanes of two vectors.
func (a arm64) noise() {
	const signal, noise, x, y, singles = 0, 2, 4, 6, 8
	const yPtr = "R5"
	a.text("noiseNEON", "arg *powers")
	for _, f := range [][2]string{{powersX, statPtr}, {powersY, yPtr}, {powersCount, statCount}} {
		a.op("MOVD %s, %s", at(f[0]), f[1])
	}
	a.op("FLDPQ %s, (F%d, F%d)", at(powersSignal), signal, signal+1)
	a.op("FLDPQ %s, (F%d, F%d)", at(powersNoise), noise, noise+1)
	a.line("group:")
	a.op("FMOVQ.P 16(%s), F%d", statPtr, singles)
	a.op("FMOVQ.P 16(%s), F%d", yPtr, singles+1)
	for i, to := range []int{x, y} {
		a.v("fcvtl 2d", to, singles+i)
		a.v("fcvtl2 2d", to+1, singles+i)
	}
	each := func(do func(j int)) {
		do(0)
		do(1)
	}
	each(func(j int) { a.v("fsub 2d", y+j, x+j, y+j) })
	each(func(j int) { a.v("fmul 2d", x+j, x+j, x+j) })
	each(func(j int) { a.v("fmul 2d", y+j, y+j, y+j) })
	each(func(j int) { a.v("fadd 2d", signal+j, signal+j, x+j) })
	each(func(j int) { a.v("fadd 2d", noise+j, noise+j, y+j) })
	a.op("SUBS $1, %s", statCount)
	a.op("BNE group")
	a.op("FSTPQ (F%d, F%d), %s", signal, signal+1, at(powersSignal))
	a.op("FSTPQ (F%d, F%d), %s", noise, noise+1, at(powersNoise))
	a.op("RET")
}
