package main

import "fmt"

// The fields of sgemm.tile, behind the cursor.
var (
	stilePanel, stileBias    = field(0), field(8)
	stileDepth, stileColumns = field(16), field(24)
	stileLo, stileHi         = field(32), field(36)
	stileOut, stileLD        = field(40), field(48)
	stileTiles, stileStored  = field(56), field(64)
	stileFetch               = 72 // behind the cursor
	stileNextPanel           = field(96)
)

// field is the operand of a field at an offset behind the cursor.
func field(at int) string { return fmt.Sprintf("%d(DI)", cursorSize+at) }

func sgemmAVX512(p *printer) {
	sgemmTiles(p, []int{1, 4, 7, 14}, sgemm{printer: p, lanes: avx512, weight: 28, number: 30}, nil)
	widen(p, avx512)
}

func sgemmAVX2(p *printer) {
	sgemmTiles(p, []int{1, 2, 3, 4, 5, 6}, sgemm{printer: p, lanes: avx2, weight: 12, number: 14}, sgemmRow)
	transposeNumbers(p)
	widen(p, avx2)
}

// sgemmTiles writes the routines for tiles of one vector of columns, then of two, then the
// one that row writes, if any.
func sgemmTiles(p *printer, heights []int, g sgemm, row func(*printer) string) {
	var names []string
	for g.vectors = 1; g.vectors <= 2; g.vectors++ {
		for _, g.rows = range heights {
			names = append(names, g.name())
			g.write()
		}
	}
	if row != nil {
		names = append(names, row(p))
	}
	p.dispatcher("tiles"+g.isa, "arg *tile", names)
}

// sgemm writes a routine for tiles of rows rows by vectors vectors of columns: it multiplies
// one number of each row by vectors of weights with one rounding (FMA), K in order, starting
// from the bias; then it clamps. VMAXPS and VMINPS take the accumulator as their second source,
// which lets NaN pass.
//
// Accumulators are in the first registers, weights from weight on, broadcast elements of rows
// in number and the register after it.
type sgemm struct {
	*printer
	lanes
	rows, vectors  int
	weight, number int
}

func (g sgemm) name() string { return fmt.Sprintf("tiles%dx%d%s", g.rows, g.vectors*g.bytes/4, g.isa) }

func (g sgemm) sum(r, j int) string { return g.r(r*g.vectors + j) }

func (g sgemm) write() {
	o := operandRows{g.printer, g.rows, 2, g.lanes == avx512}
	g.routine(g.name())
	o.masks()
	g.op("MOVQ $0, %s", cursorAt)
	g.op("MOVQ $0, %s", stileStored)
	if g.lanes == avx512 {
		g.op("MOVQ %s, AX", stileColumns)
		g.op("KMOVW AX, K1")
	}
	g.line("tile:")
	g.op("MOVQ %s, DX", stilePanel)
	g.op("MOVQ %s, AX", stileBias)
	for j := range g.vectors {
		g.op("VMOVUPS %d(AX), %s", j*g.bytes, g.sum(0, j))
	}
	for r := 1; r < g.rows; r++ {
		for j := range g.vectors {
			g.op("VMOVAPS %s, %s", g.sum(0, j), g.sum(r, j))
		}
	}
	g.fetchResults()
	o.each(func() { g.run(o) })
	g.store()
	o.advance()
	g.op("DECQ %s", stileTiles)
	g.op("JNZ tile")
	g.op("VZEROUPPER")
	g.op("RET")
}

// fetchResults prefetches the cache lines of the results, which lie far apart, while products
// are accumulated.
func (g sgemm) fetchResults() {
	g.op("MOVQ %s, AX", stileOut)
	g.op("ADDQ %s, AX", stileStored)
	g.op("MOVQ %s, BX", stileLD)
	for r := range g.rows {
		if r > 0 {
			g.op("ADDQ BX, AX")
		}
		g.op("PREFETCHT0 (AX)")
	}
}

// run accumulates one run, and prefetches the next panel's weights.
func (g sgemm) run(o operandRows) {
	const unroll = 4
	g.fetch(stileFetch)
	g.op("SHLQ $2, SI // for four steps")
	g.op("XORQ AX, AX")
	g.op("SUBQ $%d, %s", unroll, stileDepth)
	g.op("JLT rest")
	g.op("PCALIGN $32")
	g.line("steps:")
	for i := range unroll {
		g.step(o, i)
	}
	g.op("PREFETCHT1 (CX)")
	g.op("ADDQ SI, CX")
	g.op("ADDQ $%d, DX", unroll*g.vectors*g.bytes)
	g.op("ADDQ $%d, AX", unroll)
	g.op("CMPQ AX, %s", stileDepth)
	g.op("JLE steps")
	g.line("rest:")
	g.op("ADDQ $%d, %s", unroll, stileDepth)
	g.op("CMPQ AX, %s", stileDepth)
	g.op("JGE done")
	g.line("step:")
	g.step(o, 0)
	g.op("ADDQ $%d, DX", g.vectors*g.bytes)
	g.op("INCQ AX")
	g.op("CMPQ AX, %s", stileDepth)
	g.op("JLT step")
	g.line("done:")
	g.op("MOVQ CX, %s", field(stileFetch))
}

// step accumulates the products of element i of each row, counted from AX, and its weights.
func (g sgemm) step(o operandRows, i int) {
	for j := range g.vectors {
		g.op("VMOVUPS %d(DX), %s", (i*g.vectors+j)*g.bytes, g.r(g.weight+j))
	}
	for r := range g.rows {
		number := g.r(g.number + r%2)
		g.op("VBROADCASTSS %d(%s)(AX*4), %s", 4*i, o.run(r, "BX"), number)
		for j := range g.vectors {
			g.op("VFMADD231PS %s, %s, %s", g.r(g.weight+j), number, g.sum(r, j))
		}
	}
}

// store clamps the accumulators and writes them; with AVX-512 the last vector by mask.
func (g sgemm) store() {
	lo, hi := g.r(g.weight), g.r(g.weight+1)
	g.op("VBROADCASTSS %s, %s", stileLo, lo)
	g.op("VBROADCASTSS %s, %s", stileHi, hi)
	g.op("MOVQ %s, AX", stileOut)
	g.op("ADDQ %s, AX", stileStored)
	for r := range g.rows {
		for j := range g.vectors {
			s, mask := g.sum(r, j), ""
			if g.lanes == avx512 && j == g.vectors-1 {
				mask = "K1, "
			}
			g.op("VMAXPS %s, %s, %s", s, lo, s)
			g.op("VMINPS %s, %s, %s", s, hi, s)
			g.op("VMOVUPS %s, %s%d(AX)", s, mask, j*g.bytes)
		}
		g.op("ADDQ %s, AX", stileLD)
	}
	g.op("SUBQ %s, AX", stileOut)
	g.op("MOVQ AX, %s", stileStored)
}
