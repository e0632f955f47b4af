package gemm8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
)

var avx2 = Kernel{
	Name: "gemm_u8s8_6x16_avx2", ISA: "avx2", MR: tileRows, NR: 16, Block: 96, Exact: true,
	Requires: cpu.AVX2 | cpu.FMA,
	Pack:     packWide,
	Work:     workWide,
	Run:      func(c *Call) { runWide(c, nil) },
	PackRule: packRule,
	RunCodes: func(c *Call) { runWide(c, c.Rule) },
}

// wideTile is the argument of an assembly routine: it computes, for the
// rows of 16-bit codes, stride bytes apart, and the columns of one panel,
//
//	for each pair of codes: s[r][n] += x[r][0]*w[n][0] + x[r][1]*w[n][1]
//
// starting from init[n], hands them to results, and goes on with the next rows.
type wideTile struct {
	rows   unsafe.Pointer
	stride int
	panel  unsafe.Pointer
	init   unsafe.Pointer
	pairs  int
	// How far the routine is, in bytes from rows.
	_ int
	results
}

// widening is the argument of widenAVX2: the codes of count rows become 16-bit
// numbers at to, those of each row followed by a zero where they are odd in
// number. Runs are found as by tile.
type widening struct {
	to     unsafe.Pointer
	x, pad unsafe.Pointer
	offset *int32
	stride int // from row to row; 0 with offset
	depth  int
	taps   int
	count  int
}

//go:noescape
func tiles6x8AVX2(arg *wideTile)

//go:noescape
func tiles6x16AVX2(arg *wideTile)

//go:noescape
func tiles1x8AVX2(arg *wideTile)

//go:noescape
func tiles1x16AVX2(arg *wideTile)

//go:noescape
func widenAVX2(arg *widening)

const wideLanes = 8 // columns of one register

// wideWeights is the layout for VPMADDWD: panels of 16 columns, the last one 8
// or 16 wide, [pair of codes][column][2].
type wideWeights struct {
	data []int16
	init []int32 // padded to whole registers
}

func packWide(w []int8, n, taps, depth int, zero uint8) *Weights {
	k := taps * depth
	kp, np := roundUp(k, 2), roundUp(n, wideLanes)
	p := &wideWeights{data: make([]int16, np*kp), init: make([]int32, np)}
	out := &Weights{N: n, K: k, Init: initial(w, n, k, zero), Data: p}
	copy(p.init, out.Init)
	for col := range n {
		first := col / 16 * 16
		width := min(16, np-first)
		panel := p.data[first*kp:]
		for i, v := range w[col*k:][:k] {
			panel[(i/2*width+col-first)*2+i%2] = int16(v)
		}
	}
	return out
}

// workWide holds the widened codes of a block of rows.
func workWide(m, k int) int { return (m*roundUp(k, 2)*2 + 7) / 8 }

// runWide computes sums, or codes by rule.
func runWide(c *Call, rule *Rule) {
	w := c.W.Data.(*wideWeights)
	k := roundUp(c.W.K, 2)
	rows := c.M1 - c.M0
	work := unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(c.Work))), len(c.Work)*4)
	x := work[:rows*k]
	c.widen(x, k)
	t := wideTile{stride: k * 2, pairs: k / 2}
	var e edge
	for n := c.N0; n < c.N1; n += 16 {
		cols := min(16, c.N1-n)
		t.panel, t.init = unsafe.Pointer(&w.data[n*k]), unsafe.Pointer(&w.init[n])
		t.factors(rule, n)
		whole, over := tilesOf(rows)
		if cols%wideLanes != 0 {
			// Tile by tile, for the copies from the edge.
			t.divert()
			t.out = unsafe.Pointer(&e)
			for m := 0; m < rows; {
				height := tileRows
				if rows-m < height {
					height = 1
				}
				t.tiles, t.rows = 1, unsafe.Pointer(&x[m*k])
				t.run(height, cols)
				e.store(c, rule, c.M0+m, n, height, cols)
				m += height
			}
			continue
		}
		for _, part := range [...]struct{ m, count, height int }{
			{0, whole, tileRows}, {rows - over, over / tileRows, tileRows}, {whole * tileRows, rows - whole*tileRows - over, 1},
		} {
			if part.count > 0 {
				t.rows = unsafe.Pointer(&x[part.m*k])
				t.place(c, c.M0+part.m, n, part.count, part.height, cols)
				t.run(part.height, cols)
			}
		}
	}
}

func (t *wideTile) run(height, cols int) {
	switch {
	case height == 1 && cols <= wideLanes:
		tiles1x8AVX2(t)
	case height == 1:
		tiles1x16AVX2(t)
	case cols <= wideLanes:
		tiles6x8AVX2(t)
	default:
		tiles6x16AVX2(t)
	}
}

// widen writes the codes of all rows as 16-bit numbers, k for each.
func (c *Call) widen(to []int16, k int) {
	a := widening{pad: unsafe.Pointer(&c.Pad[:c.Depth][0]), depth: c.Depth, taps: c.Taps}
	for m := c.M0; m < c.M1; m += a.count {
		a.to, a.count = unsafe.Pointer(&to[0]), c.M1-m
		if c.Offset == nil {
			a.stride = c.Stride
			x := c.X[m*c.Stride+c.Base : (c.M1-1)*c.Stride+c.Base+c.Depth]
			a.x = unsafe.Pointer(&x[0])
		} else {
			image, p := m/c.Rows, m%c.Rows
			a.count = min(a.count, c.Rows-p)
			a.offset = &c.Offset[p*c.Taps : (p+a.count)*c.Taps][0]
			a.x = unsafe.Pointer(&c.X[image*c.Image+c.Base])
		}
		widenAVX2(&a)
		to = to[a.count*k:]
	}
}
