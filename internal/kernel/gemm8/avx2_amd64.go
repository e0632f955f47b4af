//go:build !noasm

package gemm8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/internal/slab"
)

// The row that multiplies with VPMADDUBSW. Codes up to 127 are accumulated in 16 bits for
// as many steps as the weights allow. Larger codes are split into 127 and an excess,
// which is multiplied separately. That is exact for all codes, and fastest if few are
// above 127, as after calibration with reduce_range.
var avx2 = Kernel{
	Row: kernel.Row{Name: "gemm_u8s8_3x16_avx2", Tile: "3x16", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA},
	MR:  3, NR: 16, Block: 96, Exact: true, Rate: 110,
	LeastWeights: leastShort,
	Pack:         packShort,
	Work:         func(m, taps, depth int) int { return newScratch(m, taps*roundUp(depth, 4)).words },
	Run:          func(c *Call) { runShort(c, nil) },
	PackRule:     packRule,
	RunCodes:     func(c *Call) { runShort(c, c.Rule) },
}

// leastShort is the N*K from which scanning, and gathering, the rows pays off: measured
// on an AMD EPYC (Zen 3), with 8 to 128 columns and reductions of 8 to 256 in 1 to 9
// runs.
func leastShort(gathered int) int {
	if gathered == 0 {
		return 500
	}
	return 1250 + 250*gathered
}

//go:noescape
func tilesAVX2(routine int, arg *tile)

// shortLanes are the columns of a register.
const shortLanes = 8

// shortWeights is the layout of Weights: panels of 8 columns, [group of 4
// codes][column][4], where runs are filled up with zeros to whole groups.
type shortWeights struct {
	data   []int8
	init   []int32  // padded to whole registers
	panels [][]runs // of 16 columns, stage by stage
}

// stageCodes limits the depth of a stage, so that a panel's weights of it stay in
// the first-level cache from tile to tile.
const stageCodes = 1024

// runs is the order of the steps of a panel.
type runs struct {
	starts []int32 // the byte of a row where each run begins: those of four steps first
	counts [4]int  // of runs of four steps, of three, two, one
}

// cut is the argument of an assembly routine that splits the steps of two vectors of
// columns into runs. A run has at most four steps and ends where the accumulator of codes
// up to 128 could overflow 16 bits. The routine stores their lengths.
type cut struct {
	first, second unsafe.Pointer
	groups        int
	lengths       *uint8
	count         int
}

//go:noescape
func cutAVX2(arg *cut)

func packShort(m *slab.Slab, w []int8, n, taps, depth int, zero uint8) *Weights {
	k, run := taps*depth, roundUp(depth, 4)
	kp, np := taps*run, roundUp(n, shortLanes)
	p := &shortWeights{data: slab.Part[int8](m, np*kp), init: make([]int32, np)}
	out := &Weights{N: n, K: k, Init: initial(w, n, k, zero), Data: p}
	copy(p.init, out.Init)
	for first := 0; first < n; first += shortLanes {
		packGroups(p.data[first*kp:], w[first*k:], min(shortLanes, n-first), shortLanes, taps, depth, run/4, 4)
	}
	lengths := make([]uint8, stageCodes/4)
	for col := 0; col < np; col += 2 * shortLanes {
		var stages []runs
		for at := 0; at < kp; at += stageCodes {
			c := cut{first: unsafe.Pointer(&p.data[col*kp+at*shortLanes]), groups: min(stageCodes, kp-at) / 4, lengths: &lengths[0]}
			c.second = c.first
			if col+shortLanes < np {
				c.second = unsafe.Pointer(&p.data[(col+shortLanes)*kp+at*shortLanes])
			}
			cutAVX2(&c)
			stages = append(stages, newRuns(int32(at), lengths[:c.count]))
		}
		p.panels = append(p.panels, stages)
	}
	return out
}

// newRuns sorts runs of the given lengths, the first of which begins at a byte.
func newRuns(at int32, lengths []uint8) runs {
	r := runs{starts: make([]int32, len(lengths))}
	for _, l := range lengths {
		r.counts[4-l]++
	}
	var next [4]int
	for i := 1; i < 4; i++ {
		next[i] = next[i-1] + r.counts[i-1]
	}
	for _, l := range lengths {
		r.starts[next[4-l]] = at
		next[4-l]++
		at += 4 * int32(l)
	}
	return r
}

// rowsOf is the argument of the assembly routines that prepare rows.
type rowsOf struct {
	operand.Cursor
	depth, count  int
	from          *uint8
	fromPitch     int
	to            *uint8 // rows, pitch apart
	pitch         int
	dense         *uint8  // rows of the excess
	excess, where *uint32 // of groups of four codes, one list for all rows
	ends          *uint32 // where each row's part begins, and where the last one ends
	found         int     // not 0: there are codes above 127
}

//go:noescape
func aboveAVX2(arg *rowsOf)

//go:noescape
func gatherAVX2(arg *rowsOf)

//go:noescape
func clampAVX2(arg *rowsOf)

// scratch is the layout of scratch memory: offsets in words.
type scratch struct {
	pitch                            int // bytes from row to row
	rows, dense, excess, where, ends int
	words                            int // size of all of it
}

// newScratch is for m rows of k codes, in whole groups. A panel of results for a partial
// panel of columns comes first.
func newScratch(m, k int) scratch {
	r := scratch{pitch: roundUp(k, 32), rows: m * edgeColumns * 4 / 8}
	r.dense = r.rows + m*r.pitch/8
	r.excess = r.dense + m*r.pitch/8
	r.where = r.excess + m*r.pitch/8 + 4 // vectors are stored behind the last group
	r.ends = r.where + m*r.pitch/8 + 4
	r.words = r.ends + m/2 + 1
	return r
}

// denser is the share of groups of four codes with an excess above which a second dense
// pass is faster than a sparse list.
const denser = 0.3

// prepare returns the rows of the call as plain rows of codes up to 127, and sets the
// fields of t for their excess.
func (c *Call) prepare(t *tile) operand.Matrix[uint8] {
	rows := c.M1 - c.M0
	k := c.Taps * roundUp(c.Depth, 4)
	r := newScratch(rows, k)
	w := c.Work
	_ = w[r.words-1]
	to := (*uint8)(unsafe.Pointer(&w[r.rows]))
	a := rowsOf{
		count: rows, to: to, pitch: r.pitch,
		dense:  (*uint8)(unsafe.Pointer(&w[r.dense])),
		excess: (*uint32)(unsafe.Pointer(&w[r.excess])),
		where:  (*uint32)(unsafe.Pointer(&w[r.where])),
		ends:   (*uint32)(unsafe.Pointer(&w[r.ends])),
	}
	gathered := unsafe.Slice(to, rows*r.pitch)
	switch {
	case c.Depth%4 != 0:
		c.copyRows(gathered, r.pitch, roundUp(c.Depth, 4))
	case c.Offset != nil:
		c.gatherRows(gathered, &a)
	default:
		operand.Lead(&a.Cursor, &c.Matrix, c.M0, c.M1)
		a.depth = k
		if aboveAVX2(&a); a.found == 0 {
			return c.Matrix
		}
		// The last vector of a row is read whole.
		last := (c.M1-1)*c.Stride + c.Base
		if last+r.pitch <= len(c.X) {
			a.from, a.fromPitch = &c.X[c.M0*c.Stride+c.Base], c.Stride
		} else {
			c.gatherRows(gathered, &a)
		}
	}
	if a.from == nil {
		a.from, a.fromPitch = to, r.pitch
	}
	a.to, a.depth, a.count = to, k, rows
	clampAVX2(&a)
	found := unsafe.Slice(a.ends, rows+1)[rows]
	switch {
	case float64(found) > denser*float64(rows*k/4):
		t.dense = (r.dense - r.rows) * 8
	case found > 0:
		t.excess, t.where, t.ends = unsafe.Pointer(a.excess), unsafe.Pointer(a.where), unsafe.Pointer(a.ends)
	}
	return operand.Matrix[uint8]{X: gathered, Pad: gathered, Taps: 1, Depth: k, Stride: r.pitch, Base: -c.M0 * r.pitch}
}

// gatherRows copies the rows of the call, whose runs are whole groups.
func (c *Call) gatherRows(to []uint8, a *rowsOf) {
	a.depth = c.Depth
	for m := c.M0; m < c.M1; m += a.count {
		a.count = c.Together(m, c.M1) - m
		operand.Lead(&a.Cursor, &c.Matrix, m, m+a.count)
		a.to = &to[(m-c.M0)*a.pitch]
		gatherAVX2(a)
	}
}

// runShort computes accumulators, or codes, panel by panel and stage by stage.
func runShort(c *Call, codes *Rule) {
	w := c.W.Data.(*shortWeights)
	t := tile{}
	x := c.prepare(&t)
	excess := t.ends
	for n := c.N0; n < c.N1; n += 2 * shortLanes {
		cols := min(2*shortLanes, c.N1-n)
		edge := cols%shortLanes != 0
		t.panel, t.init = unsafe.Pointer(&w.data[n*x.Depth]), unsafe.Pointer(&w.init[n])
		if t.second = t.panel; cols > shortLanes {
			t.second = unsafe.Pointer(&w.data[(n+shortLanes)*x.Depth])
		}
		operand.PrefetchNext(&t.Prefetch, w.data, n*x.Depth, 2*shortLanes*x.Depth, 2*shortLanes*4, divUp(c.M1-c.M0, 3))
		if codes != nil {
			t.bias, t.mult = unsafe.Pointer(&codes.bias[n]), unsafe.Pointer(&codes.mult[n])
		}
		t.carry, t.ends = nil, excess // which is added in the first stage
		stages := w.panels[n/(2*shortLanes)]
		for i := range stages {
			t.starts, t.runs = unsafe.Pointer(&stages[i].starts[0]), stages[i].counts
			last := i+1 == len(stages)
			t.Constants = rule.Constants{}
			if last && codes != nil {
				t.Constants = codes.constants
			}
			c.stage(&t, &x, n-c.N0, cols, edge || !last)
			t.carry, t.ends = unsafe.Pointer(unsafe.SliceData(c.Work)), nil
		}
		if edge {
			c.trim(codes, n-c.N0, cols)
		}
	}
}

// stage computes one stage of a panel for all rows. Results of a partial panel, and
// accumulators of a stage that is not the last, go to the panel in Work.
func (c *Call) stage(t *tile, x *operand.Matrix[uint8], n, cols int, inWork bool) {
	rows, ends, carry := c.M1-c.M0, t.ends, t.carry
	for done := 0; done < rows; {
		first, count, index := operand.Tiles(done, rows, shortHeights)
		if ends != nil {
			t.ends = unsafe.Add(ends, 4*first)
		}
		if carry != nil {
			t.carry = unsafe.Add(carry, 4*edgeColumns*first)
		}
		done = first + count*shortHeights[index]
		operand.Lead(&t.Cursor, x, c.M0+first, c.M0+done)
		t.place(c, first, done, n, cols, inWork)
		t.tiles = count
		tilesAVX2((cols-1)/shortLanes*len(shortHeights)+index, t)
	}
	t.ends, t.carry = ends, carry
}

// shortHeights are the heights of tiles that tilesAVX2 has routines for.
var shortHeights = []int{1, 3}
