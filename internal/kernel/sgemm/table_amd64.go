package sgemm

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
)

//go:generate go run -C ../_asm . sgemm ../sgemm

// archTable lists the kernels of amd64, best first. Sums run over K in order with
// one rounding per product and sum, so rows of this table differ from each other
// only where they multiply and add apart.
var archTable = []Kernel{
	{
		Name: "gemm_f32_6x64_avx512", ISA: "avx512", MR: tileRows, NR: 64, Block: 96, Requires: cpu.AVX512,
		Pack: avx512.pack, Work: avx512.work, Run: avx512.run,
	},
	{
		Name: "gemm_f32_6x16_avx2", ISA: "avx2", MR: tileRows, NR: 16, Block: 96, Requires: cpu.AVX2 | cpu.FMA,
		Pack: avx2.pack, Work: avx2.work, Run: avx2.run,
	},
}

// tileRows is the number of rows of every tile here.
const tileRows = 6

// tile is the argument of an assembly routine: it computes, for tileRows rows
// and the columns of one panel,
//
//	out[r][n] = min(max(bias[n] + x[r][0]*w[n][0] + …, lo), hi)
//
// where the numbers of a row come in taps runs of depth.
type tile struct {
	runs   *unsafe.Pointer // [taps][tileRows] start of each run
	panel  unsafe.Pointer  // weights, [tap][depth][column]
	bias   unsafe.Pointer
	taps   int
	depth  int
	mask   uint64 // AVX-512: the columns of the last vector that are stored
	lo, hi float32
	out    [tileRows]unsafe.Pointer
}

//go:noescape
func tile6x8AVX2(arg *tile)

//go:noescape
func tile6x16AVX2(arg *tile)

//go:noescape
func tile6x16AVX512(arg *tile)

//go:noescape
func tile6x32AVX512(arg *tile)

//go:noescape
func tile6x48AVX512(arg *tile)

//go:noescape
func tile6x64AVX512(arg *tile)

// family is one instruction set: tiles of 1, 2, … registers of lanes columns.
type family struct {
	lanes  int
	widest int  // registers of the widest tile
	masked bool // the last register of a tile is stored by mask
}

var (
	avx512 = family{lanes: 16, widest: 4, masked: true}
	avx2   = family{lanes: 8, widest: 2}
)

// columns of the widest tile.
func (f *family) columns() int { return f.lanes * f.widest }

// tile runs the tile that many registers wide. The calls are written out
// because an argument of a function value would be allocated on the heap.
func (f *family) tile(registers int, t *tile) {
	switch f.lanes * registers {
	case 8:
		tile6x8AVX2(t)
	case 16:
		if f.masked {
			tile6x16AVX512(t)
		} else {
			tile6x16AVX2(t)
		}
	case 32:
		tile6x32AVX512(t)
	case 48:
		tile6x48AVX512(t)
	default:
		tile6x64AVX512(t)
	}
}

// simdWeights is a matrix in panels of f.columns() columns, the last one as wide
// as needed: [k][column].
type simdWeights struct {
	data []float32
	bias []float32 // padded to whole registers
}

func (f *family) pack(w []float32, n, k int, bias []float32) *Weights {
	np := roundUp(n, f.lanes)
	p := &simdWeights{data: make([]float32, np*k), bias: make([]float32, np)}
	copy(p.bias, bias)
	for col := range n {
		first := col / f.columns() * f.columns()
		width := min(f.columns(), np-first)
		panel := p.data[first*k:]
		for i, v := range w[col*k:][:k] {
			panel[i*width+col-first] = v
		}
	}
	return &Weights{N: n, K: k, Bias: p.bias[:n], Data: p}
}

// work holds one tile of results whose columns do not all exist.
func (f *family) work(int, int) int {
	if f.masked {
		return 0
	}
	return tileRows * f.columns()
}

func (f *family) run(c *Call) {
	w := c.W.Data.(*simdWeights)
	t := tile{taps: c.Taps, depth: c.Depth, lo: c.Lo, hi: c.Hi}
	var few [64 * tileRows]unsafe.Pointer
	runs := few[:]
	if need := c.Taps * tileRows; need > len(runs) {
		runs = make([]unsafe.Pointer, need)
	}
	t.runs = &runs[0]
	for m := c.M0; m < c.M1; m += tileRows {
		c.pointers(runs, m)
		for n := c.N0; n < c.N1; n += f.columns() {
			cols := min(f.columns(), c.N1-n)
			registers := (cols + f.lanes - 1) / f.lanes
			t.panel, t.bias = unsafe.Pointer(&w.data[n*c.W.K]), unsafe.Pointer(&w.bias[n])
			t.mask = 1<<(cols-(registers-1)*f.lanes) - 1
			edge := !f.masked && cols < registers*f.lanes
			for r := range tileRows {
				t.out[r] = unsafe.Pointer(&c.Out[min(m+r, c.M1-1)*c.LD+n])
				if edge {
					t.out[r] = unsafe.Pointer(&c.Work[r*f.columns()])
				}
			}
			f.tile(registers, &t)
			for r := 0; edge && r < min(tileRows, c.M1-m); r++ {
				copy(c.Out[(m+r)*c.LD+n:][:cols], c.Work[r*f.columns():])
			}
		}
	}
}

// pointers sets the start of every run of the rows from m on. Rows beyond the
// block repeat its last one: they compute it again and store it again.
func (c *Call) pointers(runs []unsafe.Pointer, m int) {
	for r := range tileRows {
		row := c.row(min(m+r, c.M1-1))
		for t := range c.Taps {
			runs[t*tileRows+r] = unsafe.Pointer(unsafe.SliceData(row.run(t)))
		}
	}
}
