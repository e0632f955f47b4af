//go:build !noasm

package gemm8

import (
	"slices"
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/rule"
)

// The row that multiplies tiles of 16 rows by 64 codes. It takes segments of equally
// spaced rows, two at a time, and 32 columns; few rows, few columns and padding are left
// to the vector routines, which read the same weights.
var amx = Kernel{
	Row: kernel.Row{Name: "gemm_u8s8_32x32_amx", Tile: "32x32", ISA: "amx", Requires: cpu.AVX512 | cpu.AVX512VNNI | cpu.AMX},
	MR:  2 * segmentRows, NR: tiles512.columns(), Block: 256, Exact: true, Lines: true, Depth: tileCodes, Rate: 1000,
	OverRead: tileCodes - 1,
	Pack:     tiles512.pack,
	Work:     func(m, _, _ int) int { return newGridScratch(m).words },
	Run:      func(c *Call) { runAMX(c, nil) },
	PackRule: packRule,
	RunCodes: func(c *Call) { runAMX(c, c.Rule) },
}

// tiles512 is vnni512 with runs padded to whole tiles, and panels of two tiles' columns,
// so that weights are packed in the order in which they are used.
var tiles512 = family{lanes: 16, masked: true, tails: true, filled: tileCodes / 4, first: len(vnni512.widths[0].heights), widths: vnni512.widths[1:2]}

const (
	segmentRows = 16 // of a tile
	tileCodes   = 64 // of a row of a tile
	gridColumns = 32 // computed together
	fewestRows  = 4  // of a call, for tiles

	panelLines = gridColumns * tileCodes / 64 // of the cache: the weights of a block
)

// grid is the argument of gridAMX: for count pairs of segments of rows and a panel
// of up to 32 columns, it computes what tile describes. Step is the distance of
// the rows of a segment.
type grid struct {
	x       unsafe.Pointer
	offset  unsafe.Pointer // of row 0 and tap 0, or nil
	nextTap int            // bytes from there to tap 1
	step    int
	taps    int
	blocks  int            // tiles of codes of a run
	panel   unsafe.Pointer // [tap][group of 4 codes][column][4]
	pairs   unsafe.Pointer // *pair
	count   int
	out     unsafe.Pointer
	ld      int    // bytes from row to row of out
	columns uint64 // that are stored
	init    unsafe.Pointer
	bias    unsafe.Pointer
	mult    unsafe.Pointer
	rule.Constants
	sums   unsafe.Pointer // accumulators of a pair: scratch of the routine
	config *tileShapes
	rows   [2]int // of the segments, as they are stored
	next   unsafe.Pointer
	lines  int // cache lines to prefetch from next on with every block
}

// pair is two segments: the offsets of their first rows, in bytes from grid.x or
// grid.offset, and the rows of the result.
type pair struct{ at, row [2]int }

// tileShapes is the operand of LDTILECFG.
type tileShapes struct {
	palette, _ uint8
	_          [14]uint8
	bytes      [16]uint16 // of a row
	rows       [16]uint8
}

//go:noescape
func gridAMX(arg *grid)

// newShapes returns the tiles for pairs of segments with these numbers of rows.
func newShapes(rows [2]int) tileShapes {
	s := tileShapes{palette: 1}
	a, b := uint8(rows[0]), uint8(max(1, rows[1]))
	for t, r := range []uint8{a, a, b, b, a, b, tileCodes / 4, tileCodes / 4} {
		s.bytes[t], s.rows[t] = 64, r
	}
	return s
}

// gridScratch is the layout of scratch memory: offsets in words, and the size.
type gridScratch struct{ pairs, words int }

// newGridScratch is for m rows. The accumulators of a pair, 32 rows of 32, come first.
func newGridScratch(m int) gridScratch {
	r := gridScratch{pairs: 2 * segmentRows * gridColumns * 4 / 8}
	r.words = r.pairs + 4*(m+1)/2 + 8
	return r
}

// runAMX computes accumulators, or codes.
func runAMX(c *Call, codes *Rule) {
	last := c.rowsForTiles()
	if last-c.M0 < fewestRows {
		tiles512.run(c, codes)
		return
	}
	if last < c.M1 {
		rest := *c
		rest.M0 = last
		if codes == nil {
			rest.Acc = c.Acc[(last-c.M0)*(c.N1-c.N0):]
		} else {
			rest.Out = c.Out[(last-c.M0)*c.LD:]
		}
		tiles512.run(&rest, codes)
	}
	c.tiles(codes, last)
}

// rowsForTiles is the end of the rows that tiles may read: they read past the end of a
// run, up to a whole tile.
func (c *Call) rowsForTiles() int {
	readable, run := cap(c.X), roundUp(c.Depth, tileCodes)
	if c.Offset == nil {
		return min(c.M1, (readable-c.Base-run)/max(1, c.Stride)+1)
	}
	if c.Ends == nil {
		return c.M0
	}
	for last := c.M1; last > c.M0; last-- {
		row := (last - 1) % c.Rows
		far := int32(0)
		for t := range c.Taps {
			far = max(far, c.Offset[t*c.Rows+row])
		}
		if (last-1)/c.Rows*c.Image+int(far)+c.Base+run <= readable {
			return last
		}
	}
	return c.M0
}

// tiles computes the rows from M0 to last.
func (c *Call) tiles(codes *Rule, last int) {
	w := c.W.Data.(*grouped)
	scratch := newGridScratch(c.M1 - c.M0)
	_ = c.Work[scratch.words-1]
	var shapes tileShapes
	g := grid{
		taps: c.Taps, blocks: roundUp(c.Depth, tileCodes) / tileCodes, step: c.Stride,
		sums: unsafe.Pointer(&c.Work[0]), config: &shapes,
	}
	if c.Offset != nil {
		g.step, g.offset, g.nextTap = c.Step, unsafe.Pointer(&c.Offset[0]), 4*c.Rows
	}
	if codes != nil {
		g.Constants = codes.constants
	}
	list := unsafe.Slice((*pair)(unsafe.Pointer(&c.Work[scratch.pairs])), (len(c.Work)-scratch.pairs)/4)
	g.pairs = unsafe.Pointer(&list[0])
	perColumn := c.Taps * g.blocks * tileCodes
	for m := c.M0; m < last; {
		at, end := m*c.Stride, last
		if c.Offset != nil {
			at, end = m/c.Rows*c.Image, c.Together(m, last)
		}
		g.x = unsafe.Pointer(&c.X[at+c.Base])
		var count int
		count, g.rows, end = c.pairs(list, m, end)
		shapes = newShapes(g.rows)
		for n := c.N0; n < c.N1; n += gridColumns {
			g.panel = unsafe.Pointer(&w.data[n*perColumn])
			cols := min(gridColumns, c.N1-n)
			g.columns = 1<<cols - 1
			g.init = unsafe.Pointer(&w.init[n])
			if codes != nil {
				g.bias, g.mult = unsafe.Pointer(&codes.bias[n]), unsafe.Pointer(&codes.mult[n])
			}
			g.place(c, last-c.M0, n-c.N0, cols)
			if g.lines = panelLines / count; g.lines > 0 && n+gridColumns < w.columns {
				g.next = unsafe.Pointer(&w.data[(n+gridColumns)*perColumn])
			} else {
				g.lines = 0 // the panel is used so often that prefetching gains nothing, or it is the last one
			}
			g.count = count
			gridAMX(&g)
		}
		m = end
	}
}

// pairs lists segments of the rows from m to end of one image, two by two, as long
// as all have the same size, and returns their sizes and the row where they end.
// An odd last segment is computed twice: a pair of another size would take another pass
// over the weights.
func (c *Call) pairs(list []pair, m, end int) (count int, rows [2]int, next int) {
	first, size, n := m, 0, 0
	for m < end {
		run := c.run(m, end)
		segments := divUp(run, segmentRows)
		if c.Offset == nil && segments > 1 {
			segments = roundUp(segments, 2) // there is no other run
		}
		if size == 0 {
			size = divUp(run, segments)
		} else if size != divUp(run, segments) || n+segments > 2*len(list) {
			break
		}
		for i := range segments {
			start := m
			if i > 0 { // what two of them share is computed twice
				start += i * (run - size) / (segments - 1)
			}
			p := &list[n/2]
			p.at[n%2], p.row[n%2] = c.at(start, first), start-c.M0
			n++
		}
		m += run
	}
	if n == 1 {
		list[0].at[1] = list[0].at[0]
		return 1, [2]int{size, 0}, m
	}
	if n%2 == 1 {
		p := &list[n/2]
		p.at[1], p.row[1] = p.at[0], p.row[0]
	}
	return divUp(n, 2), [2]int{size, size}, m
}

// run is the number of equally spaced rows from m on, to end at most.
func (c *Call) run(m, end int) int {
	if c.Offset == nil {
		return end - m
	}
	row := m % c.Rows
	i, _ := slices.BinarySearch(c.Ends, int32(row+1))
	return min(end-m, int(c.Ends[i])-row)
}

// at is pair.at for row m, when the first row of the list is at grid.x.
func (c *Call) at(m, first int) int {
	if c.Offset == nil {
		return (m - first) * c.Stride
	}
	return m % c.Rows * 4
}

// place points g at the results of rows rows and the columns from n on.
func (g *grid) place(c *Call, rows, n, cols int) {
	if g.Rule == rule.Accumulators {
		width := c.N1 - c.N0
		g.out, g.ld = unsafe.Pointer(&c.Acc[n : (rows-1)*width+n+cols][0]), width*4
		return
	}
	g.out, g.ld = unsafe.Pointer(&c.Out[n : (rows-1)*c.LD+n+cols][0]), c.LD
}
