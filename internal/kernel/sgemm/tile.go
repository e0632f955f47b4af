//go:build (amd64 || arm64) && !noasm

package sgemm

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/slab"
)

// tile is the argument of an assembly routine: for tiles of rows, one below the
// other, and the columns of one panel, it computes
//
//	out[r][n] = min(max(bias[n] + x[r][0]*w[n][0] + …, lo), hi)
type tile struct {
	operand.Cursor
	panel   unsafe.Pointer // weights, [tap][depth][column]
	bias    unsafe.Pointer
	depth   int
	columns uint64 // AVX-512: those of the last vector that are stored
	lo, hi  float32
	out     unsafe.Pointer
	ld      int // bytes from row to row of out
	tiles   int
	_       int // bytes of out that are stored
	operand.Prefetch
	nextPanel int // bytes from panel to panel, of the routine for several
}

// widening is the argument of an assembly routine that does what widenRows does.
type widening struct {
	to            unsafe.Pointer
	codes         unsafe.Pointer
	scales, zeros unsafe.Pointer
	rows          int // at least 1
}

func newWidening(to []float32, codes []int8, scales, zeros []float32) widening {
	return widening{unsafe.Pointer(&to[0]), unsafe.Pointer(&codes[0]), unsafe.Pointer(&scales[0]), unsafe.Pointer(&zeros[0]), len(codes) / len(scales)}
}

// family is one instruction set: tiles of one or two registers of lanes columns
// and of any of the heights, for which tiles has routines in that order.
type family struct {
	lanes   int
	heights []int // in rows
	masked  bool  // the last register of a tile is stored by mask
	widen   func(to []float32, codes []int8, scales, zeros []float32)
	abreast int // panels that the last routine takes at a time, of a single row; 0 where there is none
}

// columns of the wider tile.
func (f *family) columns() int { return 2 * f.lanes }

// simdWeights is a matrix in panels of f.columns() columns, the last one as wide
// as needed: [k][column].
type simdWeights struct {
	data []float32
	bias []float32 // padded to whole registers

	codes *panelCodes // in place of data, of weights of 8 bits
}

func (f *family) pack(m *slab.Slab, w []float32, n, k int, bias []float32) *Weights {
	np := roundUp(n, f.lanes)
	p := &simdWeights{data: slab.Part[float32](m, np*k), bias: make([]float32, np)}
	copy(p.bias, bias)
	f.panels(p, Right{X: w, Stride: k, Transposed: true}, n, k)
	return &Weights{N: n, K: k, Bias: p.bias[:n], Data: p}
}

func (f *family) size(n, k int) int { return roundUp(n, f.lanes) * k }

func (f *family) place(memory []float32, n, k int) *Weights {
	p := &simdWeights{data: memory[:f.size(n, k)], bias: make([]float32, roundUp(n, f.lanes))}
	return &Weights{N: n, K: k, Bias: p.bias[:n], Data: p}
}

// fill is pack for a computed matrix.
func (f *family) fill(p *Weights, w Right, n, k int) {
	p.N, p.K = n, k
	f.panels(p.Data.(*simdWeights), w, n, k)
}

// panels packs w.
func (f *family) panels(p *simdWeights, w Right, n, k int) {
	data, np := p.data, roundUp(n, f.lanes)
	for first := 0; first < n; first += f.columns() {
		width := min(f.columns(), np-first)
		cols := min(width, n-first)
		panel := data[first*k:][:width*k]
		if w.Transposed {
			fillTransposed(panel, w.X[first*w.Stride:], w.Stride, width, cols, k)
			continue
		}
		from := w.X[first:]
		if cols == 16 {
			for j := range k { // vectors, not a call
				*(*[16]float32)(panel[j*16:]) = [16]float32(from[j*w.Stride:])
			}
			continue
		}
		for j := range k {
			line := panel[j*width:][:width]
			clear(line[copy(line, from[j*w.Stride:][:cols]):])
		}
	}
}

// fillColumn fills column c of a panel with one of cols rows, or with zeros.
func fillColumn(panel, x []float32, stride, width, c, cols, k int) {
	for j := range k {
		v := float32(0)
		if c < cols {
			v = x[c*stride+j]
		}
		panel[j*width+c] = v
	}
}

// packCodes is pack for weights of 8 bits.
func (f *family) packCodes(m *slab.Slab, w Codes, n, k int, bias []float32) *Weights {
	np := roundUp(n, f.lanes)
	p := &simdWeights{bias: make([]float32, np), codes: &panelCodes{data: slab.Part[int8](m, np*k), widen: f.widen}}
	copy(p.bias, bias)
	p.codes.place(w, n, k, np)
	for first := 0; first < n; first += f.columns() {
		width := min(f.columns(), np-first)
		panel := p.codes.data[first*k:][:width*k]
		for c := range min(width, n-first) {
			for j, v := range w.X[(first+c)*k:][:k] {
				panel[j*width+c] = v
			}
		}
	}
	return &Weights{N: n, K: k, Bias: p.bias[:n], Data: p}
}

// panel returns the first number of the panel of width columns from n on.
func (c *Call) panel(w *simdWeights, n, width int) unsafe.Pointer {
	k := c.W.K
	if w.codes == nil {
		return unsafe.Pointer(&w.data[n*k])
	}
	w.codes.wide(c.Panel[:width*k], w.codes.data[n*k:][:width*k], n, width, 0, k)
	return unsafe.Pointer(&c.Panel[0])
}

// work holds the results of tiles that are wider than the remaining columns.
func (f *family) work(m, _ int) int {
	if f.masked {
		return 0
	}
	return m * f.columns()
}

// run computes panel by panel, so that the weights stay in the cache.
func (f *family) run(c *Call) {
	w := c.W.Data.(*simdWeights)
	t := tile{depth: c.Depth, lo: c.Lo, hi: c.Hi}
	tallest := f.heights[len(f.heights)-1]
	first := c.N0
	if c.M1-c.M0 == 1 && f.abreast > 0 && w.codes == nil {
		first = f.row(c)
	}
	for n := first; n < c.N1; n += f.columns() {
		cols := min(f.columns(), c.N1-n)
		registers := (cols + f.lanes - 1) / f.lanes
		t.panel, t.bias = c.panel(w, n, registers*f.lanes), unsafe.Pointer(&w.bias[n])
		if w.codes == nil {
			operand.PrefetchNext(&t.Prefetch, w.data, n*c.W.K, f.columns()*c.W.K, f.columns(), (c.M1-c.M0+tallest-1)/tallest)
		}
		t.columns = 1<<(cols-(registers-1)*f.lanes) - 1
		for m := c.M0; m < c.M1; {
			end := c.Together(m, c.M1)
			out, ld := c.Out[m*c.LD+n:(end-1)*c.LD+n+cols], c.LD
			edge := !f.masked && cols < registers*f.lanes
			if edge {
				out, ld = c.Work[:(end-m)*f.columns()], f.columns()
			}
			t.ld = ld * 4
			for done := 0; done < end-m; {
				first, count, index := operand.Tiles(done, end-m, f.heights)
				done = first + count*f.heights[index]
				operand.Lead(&t.Cursor, &c.Matrix, m+first, m+done)
				t.tiles, t.out = count, unsafe.Pointer(&out[first*ld])
				f.tiles(index, registers, &t)
			}
			for r := m; edge && r < end; r++ {
				copy(c.Out[r*c.LD+n:][:cols], c.Work[(r-m)*f.columns():])
			}
			m = end
		}
	}
}

// row computes the columns of a single row that fill several panels, and returns where the
// others begin.
func (f *family) row(c *Call) int {
	w := c.W.Data.(*simdWeights)
	t := tile{depth: c.Depth, lo: c.Lo, hi: c.Hi, tiles: 1, nextPanel: f.columns() * c.W.K * 4}
	n := c.N0
	for width := f.abreast * f.columns(); n+width <= c.N1; n += width {
		t.panel, t.bias = unsafe.Pointer(&w.data[n*c.W.K:][:width*c.W.K][0]), unsafe.Pointer(&w.bias[n])
		t.out = unsafe.Pointer(&c.Out[c.M0*c.LD+n:][:width][0])
		operand.Lead(&t.Cursor, &c.Matrix, c.M0, c.M1)
		f.tiles(len(f.heights), 2, &t)
	}
	return n
}
