package gemm8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
)

// tile is the argument of an assembly routine: it computes, for tileRows rows
// and the columns of one panel,
//
//	for each tap, for each group of four codes in the run of each row:
//	    acc[r][n] += x[r][0]*w[n][0] + … + x[r][3]*w[n][3]
//
// starting from init[n]. A run holds groups whole groups and, where tail is not
// zero, one more of which tail marks the codes that exist. mask marks the columns
// of the last vector that are stored.
type tile struct {
	rows   *unsafe.Pointer // [taps][tileRows] start of each run
	panel  unsafe.Pointer  // weights
	init   unsafe.Pointer
	taps   int
	groups int
	tail   uint64
	mask   uint64
	acc    [tileRows]unsafe.Pointer
}

//go:noescape
func tile6x16AVX512VNNI(arg *tile)

//go:noescape
func tile6x32AVX512VNNI(arg *tile)

//go:noescape
func tile6x48AVX512VNNI(arg *tile)

//go:noescape
func tile6x64AVX512VNNI(arg *tile)

const vnniLanes = 16 // columns of one register

var avx512VNNI = Kernel{
	Name: "gemm_u8s8_6x64_avx512vnni", ISA: "avx512vnni", MR: tileRows, NR: 64, Block: 96, Exact: true,
	Requires: cpu.AVX512 | cpu.AVX512VNNI,
	Pack:     packVNNI,
	Work:     func(int, int) int { return 0 },
	Run:      runVNNI,
}

// vnniWeights is the layout for VPDPBUSD: panels of 64 columns, the last one
// as wide as needed, [tap][group of 4 codes][column][4]. A run that is not a
// multiple of four ends in zeros.
type vnniWeights struct {
	data []int8
	init []int32 // padded to whole registers
}

func packVNNI(w []int8, n, taps, depth int, zero uint8) *Weights {
	k := taps * depth
	groups := (depth + 3) / 4
	np := roundUp(n, vnniLanes)
	p := &vnniWeights{data: make([]int8, np*taps*groups*4), init: make([]int32, np)}
	out := &Weights{N: n, K: k, Init: initial(w, n, k, zero), Data: p}
	copy(p.init, out.Init)
	for col := range n {
		first := col / 64 * 64
		width := min(64, np-first)
		panel := p.data[first*taps*groups*4:]
		for t := range taps {
			for d, v := range w[col*k+t*depth:][:depth] {
				panel[((t*groups+d/4)*width+col-first)*4+d%4] = v
			}
		}
	}
	return out
}

func runVNNI(c *Call) {
	w := c.W.Data.(*vnniWeights)
	var t tile
	t.taps, t.groups = c.Taps, c.Depth/4
	t.tail = 1<<(c.Depth%4) - 1
	var few [64 * tileRows]unsafe.Pointer
	rows := few[:]
	if need := c.Taps * tileRows; need > len(rows) {
		rows = make([]unsafe.Pointer, need)
	}
	t.rows = &rows[0]
	width := c.N1 - c.N0
	perColumn := c.Taps * ((c.Depth + 3) / 4) * 4
	for m := c.M0; m < c.M1; m += tileRows {
		c.pointers(rows, m)
		for n := c.N0; n < c.N1; n += 64 {
			vectors := (min(64, c.N1-n) + vnniLanes - 1) / vnniLanes
			t.panel = unsafe.Pointer(&w.data[n*perColumn])
			t.init = unsafe.Pointer(&w.init[n])
			t.mask = 1<<(min(64, c.N1-n)-(vectors-1)*vnniLanes) - 1
			for r := range tileRows {
				t.acc[r] = unsafe.Pointer(&c.Acc[(min(m+r, c.M1-1)-c.M0)*width+n-c.N0])
			}
			switch vectors {
			case 1:
				tile6x16AVX512VNNI(&t)
			case 2:
				tile6x32AVX512VNNI(&t)
			case 3:
				tile6x48AVX512VNNI(&t)
			default:
				tile6x64AVX512VNNI(&t)
			}
		}
	}
}

// pointers sets the start of every run of the rows from m on. Rows beyond the
// block repeat its last one: they compute it again and store it again.
func (c *Call) pointers(rows []unsafe.Pointer, m int) {
	for r := range tileRows {
		row := c.row(min(m+r, c.M1-1))
		for t := range c.Taps {
			rows[t*tileRows+r] = unsafe.Pointer(unsafe.SliceData(row.run(t)))
		}
	}
}
