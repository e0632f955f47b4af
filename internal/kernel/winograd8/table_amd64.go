//go:build !noasm

package winograd8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/quant"
)

//go:generate go run -C ../_asm . winograd8 ../winograd8

// archTable lists the kernels of amd64. With dot products of codes, gemm8 is faster.
var archTable = []Kernel{{
	Row:      kernel.Row{Name: "winograd_u8s8_2x2_avx2", Tile: "2x2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA, Unless: cpu.AVXVNNI | cpu.AVX512VNNI},
	Channels: panelColumns, Rate: 70,
	Pack: pack, PackRule: packRule, Work: func(tiles, in int) int { return newScratch(tiles, in).words }, Run: run,
}}

const (
	points       = 16 // of a transformed tile or filter
	panelColumns = 16 // output channels computed together
	tileRows     = 6  // rows of products computed together
)

// transform is the argument of spreadAVX2: it transforms the input of count tiles
// to 16-bit numbers at to, [point][tile][channel], points apart.
type transform struct {
	operand.Cursor
	to       *int16
	points   int // bytes from point to point
	channels int
	count    int
}

//go:noescape
func spreadAVX2(arg *transform)

// products is the argument of productsAVX2: for each point, for count rows of x
// and the columns of a panel, it computes the accumulators.
type products struct {
	x       *int16 // [point][row][channel]
	xPoints int    // bytes from point to point
	stride  int    // bytes from row to row
	panel   *int16 // [point][pair of channels][column][2]
	pairs   int
	sums    *int32 // [point][row][column]
	count   int
	_       [3]int // for the routine: the point, and what is left
	fetch   int    // bytes of the next point's weights to prefetch in every step
}

//go:noescape
func productsAVX2(arg *products)

// fold is the argument of foldAVX2: it transforms the accumulators of count tiles to
// output pixels, requantizes them and stores the codes. It counts count down.
type fold struct {
	sums    *int32
	points  int            // bytes from point to point
	to      unsafe.Pointer // *int32, of the first tile
	nextTo  int            // bytes from the positions of one pixel to the next
	out     unsafe.Pointer // of the panel's first channel
	nowhere unsafe.Pointer // takes pixels outside the image
	count   int
	init    unsafe.Pointer
	bias    unsafe.Pointer
	mult    unsafe.Pointer
	rule.Constants
}

//go:noescape
func foldAVX2(arg *fold)

// pairsTogether is how many pairs of channels of a panel are packed together, so that
// the packed data stays in the first-level cache.
const pairsTogether = 16

// pack lays out [panel][point][pair of channels][column][2].
func pack(m *slab.Slab, w []int8, in, out int, zero uint8) *Weights {
	data := slab.Part[int16](m, out*points*in)
	p := &Weights{In: in, Out: out, Init: make([]int32, out), Data: data}
	words := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/2)
	for first := 0; first < out; first += panelColumns {
		panel := words[first*points*in/2:][:panelColumns*points*in/2]
		for from := 0; from < in/2; from += pairsTogether {
			pairs := min(pairsTogether, in/2-from)
			for column := range panelColumns {
				n := first + column
				p.Init[n] -= int32(zero) * packColumn(panel[column:], w[n*9*in:][:9*in], in, from, pairs)
			}
		}
	}
	return p
}

// packColumn transforms the filters of pairs of channels and returns the sum of
// their weights. A pair is computed as one number, low + 2^16*high.
func packColumn(panel []uint32, w []int8, in, from, pairs int) (sum int32) {
	for pair := from; pair < from+pairs; pair++ {
		var g [9]int32
		var all int32
		for tap := range g {
			g[tap] = int32(w[tap*in+2*pair]) + int32(w[tap*in+2*pair+1])<<16
			all += g[tap]
		}
		low := int32(int16(all))
		sum += low + (all-low)>>16
		u := transformFilter(&g)
		for point, v := range u {
			// A negative low half has borrowed one from the high half.
			panel[(point*in/2+pair)*panelColumns] = uint32(v + v&0x8000<<1)
		}
	}
	return sum
}

// transformFilter returns (2G)g(2G)'.
func transformFilter(g *[9]int32) (u [points]int32) {
	for j := range 3 { // (2G)g
		a, b, c := g[j], g[3+j], g[6+j]
		u[j], u[4+j], u[8+j], u[12+j] = 2*a, a+b+c, a-b+c, 2*c
	}
	for i := 0; i < points; i += 4 {
		a, b, c := u[i], u[i+1], u[i+2]
		u[i], u[i+1], u[i+2], u[i+3] = 2*a, a+b+c, a-b+c, 2*c
	}
	return u
}

func packRule(w *Weights, q *quant.Requant) *Rule {
	r := &Rule{constants: rule.Of(q), bias: make([]uint32, w.Out), mult: q.Mult[:w.Out]}
	for n := range r.bias {
		r.bias[n] = rule.Bias(q, n)
	}
	return r
}

// scratch is the layout of scratch memory: offsets in words, and the size.
type scratch struct{ sums, nowhere, words int }

func newScratch(tiles, in int) scratch {
	r := scratch{sums: tiles * points * in * 2 / 8}
	r.nowhere = r.sums + tiles*points*panelColumns*4/8
	r.words = r.nowhere + panelColumns/8
	return r
}

func run(c *Call) {
	in := c.W.In
	data := c.W.Data.([]int16)
	scratch := newScratch(c.M1-c.M0, in)
	_ = c.Work[scratch.words-1]
	v := (*int16)(unsafe.Pointer(&c.Work[0]))
	sums := (*int32)(unsafe.Pointer(&c.Work[scratch.sums]))
	x := transform{channels: in}
	f := fold{
		nextTo: c.Rows * 4, nowhere: unsafe.Pointer(&c.Work[scratch.nowhere]), sums: sums,
		Constants: c.Rule.constants,
	}
	for m := c.M0; m < c.M1; {
		end := c.Together(m, c.M1)
		tiles, image, first := end-m, m/c.Rows, m%c.Rows
		operand.Lead(&x.Cursor, &c.Matrix, m, end)
		x.to, x.points, x.count = v, tiles*in*2, tiles
		spreadAVX2(&x)
		p := products{x: v, xPoints: x.points, stride: in * 2, pairs: in / 2, sums: sums, count: tiles, fetch: panelColumns * 4 * tileRows / tiles}
		f.points = tiles * panelColumns * 4
		f.to = unsafe.Pointer(&c.To[first : 3*c.Rows+first+tiles][0])
		result := c.Out[image*c.OutImage : (image+1)*c.OutImage]
		for n := c.N0; n < c.N1; n += panelColumns {
			p.panel = &data[n*points*in]
			productsAVX2(&p)
			f.init, f.bias, f.mult = unsafe.Pointer(&c.W.Init[n]), unsafe.Pointer(&c.Rule.bias[n]), unsafe.Pointer(&c.Rule.mult[n])
			f.out, f.count = unsafe.Pointer(&result[n]), tiles
			foldAVX2(&f)
		}
		m = end
	}
}
