//go:build (amd64 || arm64) && !noasm

package gemm8

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/quant"
)

// tile is the argument of an assembly routine: for tiles of rows, one below the
// other, and the columns of one panel, it computes
//
//	for each tap, for each group of four codes in the run of each row:
//	    s[r][n] += x[r][0]*w[n][0] + … + x[r][3]*w[n][3]
//
// starting from init[n], and stores the accumulators or, with a rule, codes. A run holds
// groups whole groups; if tail is not zero (AVX-512 only), it has one more, and tail is
// the mask of its codes.
type tile struct {
	operand.Cursor
	panel   unsafe.Pointer // weights
	init    unsafe.Pointer
	groups  int
	tail    uint64
	columns uint64 // AVX-512: those that are stored
	skip    int    // AVX-512: bytes of weights behind the end of a run
	tiles   int
	out     unsafe.Pointer
	ld      int // bytes from row to row of out
	_       int // bytes of out that are stored
	rule.Constants
	bias unsafe.Pointer
	mult unsafe.Pointer
	operand.Prefetch

	// AVX2 only.
	second        unsafe.Pointer // weights of the second vector of columns
	runs          unsafe.Pointer // a runList
	excess, where unsafe.Pointer // see rowsOf
	ends          unsafe.Pointer // of the first row; nil where no code has an excess
	_             int            // position of the routine, in bytes from ends
	carry         unsafe.Pointer // rows of 16 accumulators to start from instead of init, or nil
	_             int            // position of the routine, in bytes from carry
}

// family is one instruction set, with routines for tiles of the widths and their
// heights, in that order.
type family struct {
	lanes  int // columns of a register
	widths []width
	first  int  // routine
	masked bool // columns beyond whole registers are masked
	tails  bool // codes beyond whole groups are multiplied without copying rows; groups are of four
	joins  bool // with tails: rows are copied nevertheless where runs are short and not whole groups
	flips  bool // codes are multiplied as signed ones, 128 less
	routines
	filled int // runs are padded with zero weights to a multiple of this many groups; 0 means 1
	group  int // codes of a row that are multiplied at a time; 0 means 4
	// widen copies the rows of a call as words, with their taps joined: of the families that
	// multiply words by Winograd's formula for inner products. Weights are widened as they are loaded.
	widen func(*Call) operand.Matrix[uint8]
	apart int // routines from one to that for weights whose products are not added in 16 bits; or 0
}

// row makes the family a row of the table.
func (f *family) row(isa string, rate int, requires cpu.Features) Kernel {
	heights := f.widest().heights
	tallest := heights[len(heights)-1]
	size := fmt.Sprintf("%dx%d", tallest, f.columns())
	k := Kernel{
		Row: kernel.Row{Name: "gemm_u8s8_" + size + "_" + isa, Tile: size, ISA: isa, Requires: requires},
		MR:  tallest, NR: f.columns(),
		Block: 96, Exact: true, Rate: rate,
		Pack:     f.pack,
		Work:     f.work,
		Run:      func(c *Call) { f.run(c, nil) },
		PackRule: packRule,
		RunCodes: func(c *Call) { f.run(c, c.Rule) },
	}
	if f.widen == nil {
		k.Size, k.Place, k.Fill = f.size, f.place, f.fill
	}
	return k
}

// width lists the heights, in rows, of tiles some registers wide.
type width struct {
	registers int
	heights   []int
}

// widest are the tiles of whole panels.
func (f *family) widest() *width { return &f.widths[len(f.widths)-1] }

// columns is the width of a panel.
func (f *family) columns() int { return f.widest().registers * f.lanes }

// fit returns the narrowest tiles for so many columns, and their first routine.
func (f *family) fit(columns int) (w *width, routine int) {
	routine = f.first
	for i := range f.widths {
		w = &f.widths[i]
		if columns <= w.registers*f.lanes {
			return w, routine
		}
		routine += len(w.heights)
	}
	panic("gemm8: a panel is too wide")
}

// padded is the number of columns that n take in panels.
func (f *family) padded(n int) int {
	rest := n % f.columns()
	if rest == 0 {
		return n
	}
	w, _ := f.fit(rest)
	return n - rest + w.registers*f.lanes
}

// grouped is the layout of Weights: panels of f.columns() columns, the last one
// as many registers wide as needed, [tap][group of codes][column][code]. A run that
// is not whole groups ends in zeros.
type grouped struct {
	data    []int8
	init    []int32 // padded to whole registers
	extra   []int32 // what the family adds to init, or nil: see family.extra
	apart   []bool  // by panel: see family.apart
	columns int     // of all panels
}

func (p *grouped) withInit() (any, []int32) {
	c := *p
	c.init = slices.Clone(p.init)
	return &c, c.init
}

// codes is the size of a group.
func (f *family) codes() int {
	if f.group == 0 {
		return 4
	}
	return f.group
}

// groups is the number of groups of a run that weights are packed for.
func (f *family) groups(depth int) int { return roundUp(divUp(depth, f.codes()), max(1, f.filled)) }

// joined returns the runs of a row as weights are packed for them: the taps are one run
// where padding each of them to whole groups would be too much.
func (f *family) joined(taps, depth int) (int, int) {
	if f.widen != nil || depth%f.codes() != 0 && (f.codes() > 4 || f.joins && depth < shortRun) {
		return 1, taps * depth
	}
	return taps, depth
}

// shortRun is the length from which padding a run to whole groups costs less than a copy.
const shortRun = 32

// copies reports whether rows with such runs are copied, padded to whole groups.
func (f *family) copies(taps, depth int) bool {
	joined, whole := f.joined(taps, depth)
	return f.widen != nil || whole%f.codes() != 0 && !f.tails || joined != taps
}

func (f *family) pack(m *slab.Slab, w []int8, n, taps, depth int, zero uint8) *Weights {
	k := taps * depth
	taps, depth = f.joined(taps, depth)
	groups := f.groups(depth)
	np, perColumn := f.padded(n), taps*groups*f.codes()
	p := &grouped{data: slab.Part[int8](m, np*perColumn), init: make([]int32, np), columns: np}
	out := &Weights{N: n, K: k, Init: initial(w, n, k, zero), Data: p}
	copy(p.init, out.Init)
	for first := 0; first < n; first += f.columns() {
		width := min(f.columns(), np-first)
		columns := min(width, n-first)
		packGroups(p.data[first*perColumn:], w[first*k:], columns, width, taps, depth, groups, f.codes())
	}
	if f.flips || f.widen != nil {
		p.extra = make([]int32, np)
		for i := range n {
			p.extra[i] = f.extra(w[i*k : (i+1)*k])
		}
	}
	f.examine(p, perColumn)
	return out
}

// extra is what accumulators of a column start with besides init: what flipped codes miss, or the
// column's term of Winograd's formula.
func (f *family) extra(w []int8) (all int32) {
	if f.flips {
		return 128 * sum(w)
	}
	for i := 2; i < len(w); i++ {
		if i%4 >= 2 {
			all -= int32(w[i-2]) * int32(w[i])
		}
	}
	return all
}

// examine finds the panels whose products are not added in 16 bits: those with two weights
// of -128 that lie eight codes apart in a group.
func (f *family) examine(p *grouped, perColumn int) {
	p.apart = p.apart[:0]
	if f.apart == 0 {
		return
	}
	for panel := range slices.Chunk(p.data[:p.columns*perColumn], f.columns()*perColumn) {
		found := false
		for at := 0; at < len(panel) && !found; at += 16 {
			low, high := panel[at:][:8], panel[at+8:][:8]
			for i, w := range low {
				found = found || w == -128 && high[i] == -128
			}
		}
		p.apart = append(p.apart, found)
	}
}

// size is the number of words of n packed columns.
func (f *family) size(n, k int) int { return divUp(f.padded(n)*f.groups(k)*f.codes(), 8) }

func (f *family) place(memory []uint64, n, k int) *Weights {
	np := f.padded(n)
	data := unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(memory))), np*f.groups(k)*f.codes())
	p := &grouped{data: data, init: make([]int32, np), columns: np}
	if f.flips {
		p.extra = make([]int32, np)
	}
	return &Weights{N: n, K: k, Init: p.init[:n], Data: p}
}

// fill is pack for a computed matrix.
func (f *family) fill(p *Weights, w Right, n, k int) {
	p.start(n, k)
	to := p.Data.(*grouped)
	groups, np := f.groups(k), f.padded(n)
	to.columns = np
	if f.flips {
		to.extra = to.extra[:np]
	}
	for first := 0; first < n; first += f.columns() {
		width := min(f.columns(), np-first)
		panel := to.data[first*groups*f.codes():][:width*groups*f.codes()]
		fillGroups(panel, w.from(first), min(width, n-first), width, k, groups, f.codes())
		if f.flips {
			flippedSums(to.extra[first:][:width], panel, f.codes())
		}
	}
	f.examine(to, groups*f.codes())
}

// packRule pads the multipliers of the columns to whole registers.
func packRule(w *Weights, q *quant.Requant, first int) *Rule {
	np := roundUp(w.N, 64) // columns of the widest panel
	r := &Rule{constants: rule.Of(q), bias: make([]uint32, np), mult: make([]float32, np)}
	for n := range w.N {
		r.mult[n] = q.Mult[first+n]
		r.bias[n] = rule.Bias(q, first+n)
	}
	return r
}

// work holds the results of a partial panel of columns, where they are not masked, and rows
// padded to whole groups, where they need it.
func (f *family) work(m, taps, depth int) int {
	size := 0
	if !f.masked {
		size = m * edgeColumns * 4
	}
	if f.widen != nil {
		size += m * widenedPitch(taps*depth)
	} else if f.copies(taps, depth) {
		taps, depth = f.joined(taps, depth)
		size += m * taps * roundUp(depth, f.codes())
	}
	return divUp(size, 8)
}

// widenedPitch is the size in bytes of a row of k codes as words: whole vectors behind its term of
// Winograd's formula.
func widenedPitch(k int) int { return 8 + roundUp(2*k, 32) }

// run computes accumulators, or codes, panel by panel, so that the weights stay in the
// cache.
func (f *family) run(c *Call, codes *Rule) {
	w := c.W.Data.(*grouped)
	x := c.Matrix
	taps, depth := f.joined(x.Taps, x.Depth)
	perColumn := taps * f.groups(depth) * f.codes()
	t := tile{groups: x.Depth / f.codes()}
	if f.widen != nil {
		x = f.widen(c)
		t.groups = x.Depth / (2 * f.codes())
	} else if f.copies(x.Taps, x.Depth) {
		x = c.wholeGroups(taps, depth, f.codes())
		t.groups = x.Depth / f.codes()
	} else if f.tails {
		t.tail = 1<<(x.Depth%f.codes()) - 1
	}
	if codes != nil {
		t.Constants = codes.constants
	}
	var init [edgeColumns]int32
	heights := f.widest().heights
	steps := divUp(c.M1-c.M0, heights[len(heights)-1])
	columns, step := f.columns(), f.columns()*f.codes()
	padding := (f.groups(depth) - divUp(depth, f.codes())) * f.lanes * f.codes()
	for n := c.N0; n < c.N1; n += columns {
		cols := min(columns, c.N1-n)
		tiles, routine := f.fit(cols)
		if len(w.apart) > 0 && w.apart[n/columns] {
			routine += f.apart
		}
		t.skip = padding * tiles.registers
		t.panel, t.init, t.columns = unsafe.Pointer(&w.data[n*perColumn]), unsafe.Pointer(&w.init[n]), 1<<cols-1
		if w.extra != nil {
			width := tiles.registers * f.lanes
			sum, own, extra := init[:width], w.init[n:][:width], w.extra[n:][:width]
			for i := range sum {
				sum[i] = own[i] + extra[i]
			}
			t.init = unsafe.Pointer(&init)
		}
		operand.PrefetchNext(&t.Prefetch, w.data, n*perColumn, columns*perColumn, step, steps)
		if codes != nil {
			t.bias, t.mult = unsafe.Pointer(&codes.bias[n]), unsafe.Pointer(&codes.mult[n])
		}
		edge := !f.masked && cols < tiles.registers*f.lanes
		for m := c.M0; m < c.M1; {
			end := x.Together(m, c.M1)
			for done := 0; done < end-m; {
				first, count, index := operand.Tiles(done, end-m, tiles.heights)
				done = first + count*tiles.heights[index]
				operand.Lead(&t.Cursor, &x, m+first, m+done)
				t.place(c, m+first-c.M0, m+done-c.M0, n-c.N0, cols, edge)
				t.tiles = count
				f.tiles(routine+index, &t)
			}
			m = end
		}
		if edge {
			c.trim(codes, n-c.N0, cols)
		}
	}
}

// edgeColumns is the width of the panel in Work that takes the results of a partial panel
// of columns.
const edgeColumns = 16

// place points t at the results of rows first to last and columns from n on.
func (t *tile) place(c *Call, first, last, n, cols int, edge bool) {
	width, ld, size := c.N1-c.N0, c.LD, 1
	if t.Rule == rule.Accumulators {
		ld, size = width, 4
	}
	t.ld = ld * size
	switch {
	case edge:
		t.ld = edgeColumns * size
		t.out = unsafe.Add(unsafe.Pointer(unsafe.SliceData(c.Work)), first*t.ld)
	case t.Rule == rule.Accumulators:
		t.out = unsafe.Pointer(&c.Acc[first*ld+n : (last-1)*ld+n+cols][0])
	default:
		t.out = unsafe.Pointer(&c.Out[first*ld+n : (last-1)*ld+n+cols][0])
	}
}

// trim copies the first cols columns of the panel in Work to the result, from column n on.
func (c *Call) trim(codes *Rule, n, cols int) {
	words := unsafe.Pointer(unsafe.SliceData(c.Work))
	for r := range c.M1 - c.M0 {
		if codes == nil {
			from := unsafe.Slice((*int32)(unsafe.Add(words, r*edgeColumns*4)), cols)
			copy(c.Acc[r*(c.N1-c.N0)+n:], from)
		} else {
			copy(c.Out[r*c.LD+n:], unsafe.Slice((*uint8)(unsafe.Add(words, r*edgeColumns)), cols))
		}
	}
}

// wholeGroups copies the rows of the call to Work, as taps runs of so many codes, each
// padded to whole groups.
func (c *Call) wholeGroups(taps, depth, group int) operand.Matrix[uint8] {
	pitch, run, rows := taps*roundUp(depth, group), roundUp(depth, group), c.M1-c.M0
	if taps < c.Taps {
		run = c.Depth // one behind the other
	}
	all := unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(c.Work))), len(c.Work)*8)
	to := all[rows*edgeColumns*4:][:rows*pitch]
	c.copyRows(to, pitch, run)
	return operand.Matrix[uint8]{X: to, Pad: to, Taps: 1, Depth: pitch, Stride: pitch, Base: -c.M0 * pitch}
}

func divUp(n, by int) int { return (n + by - 1) / max(1, by) }
