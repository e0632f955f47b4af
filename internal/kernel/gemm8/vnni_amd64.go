package gemm8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
)

// tile is the argument of an assembly routine: it computes, for the rows of a tile
// and the columns of one panel,
//
//	for each tap, for each group of four codes in the run of each row:
//	    s[r][n] += x[r][0]*w[n][0] + … + x[r][3]*w[n][3]
//
// starting from init[n], hands them to results, and goes on with the next rows. A
// run holds groups whole groups and, where tail is not zero, one more of which
// tail marks the codes that exist. columns marks the columns that are stored.
type tile struct {
	panel   unsafe.Pointer // weights
	init    unsafe.Pointer
	taps    int
	groups  int
	tail    uint64
	columns uint64

	// The run of row r for tap t starts at x + offset[r*taps+t], or is pad where
	// that is negative; with offset nil, at x + r*stride, and there is one tap.
	offset *int32
	x, pad unsafe.Pointer
	stride int
	// How far the routine is, in bytes from offset or x.
	_ int

	results
}

//go:noescape
func tiles6x16AVX512VNNI(arg *tile)

//go:noescape
func tiles6x32AVX512VNNI(arg *tile)

//go:noescape
func tiles6x48AVX512VNNI(arg *tile)

//go:noescape
func tiles6x64AVX512VNNI(arg *tile)

//go:noescape
func tiles1x16AVX512VNNI(arg *tile)

//go:noescape
func tiles1x32AVX512VNNI(arg *tile)

//go:noescape
func tiles1x48AVX512VNNI(arg *tile)

//go:noescape
func tiles1x64AVX512VNNI(arg *tile)

const vnniLanes = 16 // columns of one register

var avx512VNNI = Kernel{
	Name: "gemm_u8s8_6x64_avx512vnni", ISA: "avx512vnni", MR: tileRows, NR: 64, Block: 96, Exact: true,
	Requires: cpu.AVX512 | cpu.AVX512VNNI,
	Pack:     packVNNI,
	Work:     func(int, int) int { return 0 },
	Run:      func(c *Call) { runVNNI(c, nil) },
	PackRule: packRule,
	RunCodes: func(c *Call) { runVNNI(c, c.Rule) },
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

// runVNNI computes sums, or codes by rule. The rows of a panel of columns follow
// each other, so that its weights stay in the cache.
func runVNNI(c *Call, rule *Rule) {
	w := c.W.Data.(*vnniWeights)
	t := tile{taps: c.Taps, groups: c.Depth / 4, tail: 1<<(c.Depth%4) - 1, pad: unsafe.Pointer(&c.Pad[:c.Depth][0])}
	perColumn := c.Taps * ((c.Depth + 3) / 4) * 4
	for n := c.N0; n < c.N1; n += 64 {
		cols := min(64, c.N1-n)
		t.panel, t.init = unsafe.Pointer(&w.data[n*perColumn]), unsafe.Pointer(&w.init[n])
		t.columns = 1<<cols - 1
		t.factors(rule, n)
		for m := c.M0; m < c.M1; {
			end := c.M1
			if c.Offset != nil {
				end = min(end, (m/c.Rows+1)*c.Rows)
			}
			whole, over := tilesOf(end - m)
			t.rows(c, m, n, whole, tileRows, cols)
			if over > 0 {
				t.rows(c, end-over, n, 1, tileRows, cols)
				whole++
			}
			t.rows(c, m+whole*tileRows, n, end-m-whole*tileRows, 1, cols)
			m = end
		}
	}
}

// rows computes count tiles of height rows from row m on, of one image.
func (t *tile) rows(c *Call, m, n, count, height, cols int) {
	if count <= 0 {
		return
	}
	t.place(c, m, n, count, height, cols)
	last := m + count*height - 1
	if c.Offset == nil {
		t.stride = c.Stride
		x := c.X[m*c.Stride+c.Base : last*c.Stride+c.Base+c.Depth]
		t.x = unsafe.Pointer(&x[0])
	} else {
		image, p := m/c.Rows, m%c.Rows
		t.offset = &c.Offset[p*c.Taps : (p+count*height)*c.Taps][0]
		t.x = unsafe.Pointer(&c.X[image*c.Image+c.Base])
	}
	switch vectors := (cols + vnniLanes - 1) / vnniLanes; {
	case height == 1 && vectors == 1:
		tiles1x16AVX512VNNI(t)
	case height == 1 && vectors == 2:
		tiles1x32AVX512VNNI(t)
	case height == 1 && vectors == 3:
		tiles1x48AVX512VNNI(t)
	case height == 1:
		tiles1x64AVX512VNNI(t)
	case vectors == 1:
		tiles6x16AVX512VNNI(t)
	case vectors == 2:
		tiles6x32AVX512VNNI(t)
	case vectors == 3:
		tiles6x48AVX512VNNI(t)
	default:
		tiles6x64AVX512VNNI(t)
	}
}
