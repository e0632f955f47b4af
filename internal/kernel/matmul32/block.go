//go:build (amd64 || arm64) && !noasm

package matmul32

import "unsafe"

// tileRows is the number of rows of every tile here.
const tileRows = 6

// block is the argument of an assembly routine.
type block struct {
	rows  *row
	count int // rows: tiles of rows; outer: rows
	tap   int // bytes from tap 0 to the first one in an array of offsets
	pad   unsafe.Pointer
	y     unsafe.Pointer // rows: the panel; outer: y
	out   unsafe.Pointer // outer: the first result
	mask  unsafe.Pointer // of the last vector of columns; on arm64 their number
	add   int            // whether results are added to
	shift int            // the first number of each run
	a     int            // rows: taps; outer: tiles
	b     int            // rows: numbers of each run; outer: bytes between rows of y
	c     int            // rows: bytes from column 0 of the result; outer: bytes between its rows
}

// family is one instruction set: tiles of 1, 2, … registers of lanes columns.
type family struct {
	lanes  int
	widest int  // registers of the widest tile
	masks  bool // whether outer loads as many numbers of a row of y as there are columns; else whole registers
}

// columns of the widest tile.
func (f *family) columns() int { return f.lanes * f.widest }

// noOffset is the offset of plain rows.
var noOffset int32

func (f *family) rows(c *RowsCall) {
	rows := c.Work.rows(roundUp(c.M1-c.M0, tileRows))
	c.locate(rows, c.M0, c.M1)
	for i := range rows {
		// Rows beyond the block repeat its last one.
		rows[i].out = unsafe.Pointer(unsafe.SliceData(c.out(min(c.M0+i, c.M1-1))))
	}
	b := block{rows: &rows[0], pad: unsafe.Pointer(unsafe.SliceData(c.Pad))}
	if c.Add {
		b.add = 1
	}
	c.W.blocks(func(k kBlock) {
		b.tap, b.a = 4*k.tap, k.taps
		b.shift, b.b = k.d, k.depth
		if c.Offset == nil {
			b.tap = 0
		}
		for n := c.N0; n < c.N1; n += f.columns() {
			panel, _ := c.W.panel(k, n)
			b.y, b.c = unsafe.Pointer(&panel[0]), 4*(n-c.N0)
			b.count = len(rows) / tileRows
			var vectors int
			vectors, b.mask = f.width(min(f.columns(), c.N1-n))
			f.rowsTile(vectors, &b)
		}
		b.add = 1
	})
}

// rowBlock is how many rows Outer adds up for a tile before it goes on to the next: the
// columns of y then stay in the first-level cache.
const rowBlock = 96

func (f *family) outer(c *OuterCall) {
	rows := c.Work.rows(rowBlock)
	b := block{rows: &rows[0], pad: unsafe.Pointer(unsafe.SliceData(c.Pad)), c: 4 * c.LD}
	if c.Add {
		b.add = 1
	}
	depth := roundUp(c.Depth, tileRows)
	tiles := (c.D1 - c.D0 + tileRows - 1) / tileRows
	// Packing y pays if each of its panels is read often.
	pack := tiles*(c.T1-c.T0) > 8
	for m := c.M0; m < c.M1; m += rowBlock {
		count := min(rowBlock, c.M1-m)
		c.locate(rows[:count], m, m+count)
		for n := c.N0; n < c.N1; n += f.columns() {
			var vectors int
			columns := min(f.columns(), c.N1-n)
			vectors, b.mask = f.width(columns)
			b.y, b.b = unsafe.Pointer(&c.Y[m*c.LDY+n]), 4*c.LDY
			if pack || !f.masks && columns%f.lanes > 0 {
				y := c.Work.pack(c, m, count, n, columns, vectors*f.lanes)
				b.y, b.b = unsafe.Pointer(&y[0]), 4*vectors*f.lanes
			}
			for t := c.T0; t < c.T1; t++ {
				b.tap, b.shift = 4*t, c.D0
				if c.Offset == nil {
					b.tap = 0
				}
				b.count, b.a = count, tiles
				b.out = unsafe.Pointer(&c.Out[(t*depth+c.D0)*c.LD+n])
				f.outerTile(vectors, &b)
			}
		}
		b.add = 1
	}
}

// rows returns scratch memory for n rows.
func (w *Work) rows(n int) []row {
	if len(w.row) < n {
		w.row = make([]row, n)
	}
	return w.row[:n]
}

// pack copies columns n to n+columns of count rows of y, width apart.
func (w *Work) pack(c *OuterCall, m, count, n, columns, width int) []float32 {
	if len(w.packed) < count*width {
		w.packed = make([]float32, rowBlock*64)
	}
	for i := range count {
		copy(w.packed[i*width:][:columns], c.Y[(m+i)*c.LDY+n:][:columns])
	}
	return w.packed
}

// locate points rows at rows m0 to m1 of x; the last one fills the rest of the tile.
func (o *Operand) locate(rows []row, m0, m1 int) {
	base := unsafe.Pointer(unsafe.SliceData(o.X))
	if o.Offset == nil {
		for i := range rows {
			m := min(m0+i, m1-1)
			rows[i].x, rows[i].offset = unsafe.Add(base, 4*(m*o.Stride+o.Base)), unsafe.Pointer(&noOffset)
		}
		return
	}
	image, p := m0/o.Rows, m0%o.Rows
	for i := range rows {
		rows[i].x = unsafe.Add(base, 4*(image*o.Image+o.Base))
		rows[i].offset = unsafe.Pointer(&o.Offset[p*o.Taps])
		if m0+i < m1-1 {
			if p++; p == o.Rows {
				image, p = image+1, 0
			}
		}
	}
}
