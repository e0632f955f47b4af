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

// The row that multiplies with VPMADDUBSW. Products are accumulated in 16 bits for as many
// steps as the weights allow: more for codes up to 127, as after calibration with
// reduce_range. Where few codes are larger, they are split into 127 and an excess, which is
// multiplied separately. That is exact for all codes.
var avx2 = Kernel{
	Row: kernel.Row{Name: "gemm_u8s8_3x16_avx2", Tile: "3x16", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA},
	MR:  3, NR: 16, Block: 96, Exact: true, Rate: 110,
	Suits: func(s Shape) bool {
		return s.N*s.K >= leastShort(s.Gathered) && shortRunsPay(&s)
	},
	Pack:     packShort,
	Work:     func(m, taps, depth int) int { return newScratch(m, taps*roundUp(depth, 4)).words },
	Run:      func(c *Call) { runShort(c, nil) },
	PackRule: packRule,
	RunCodes: func(c *Call) { runShort(c, c.Rule) },
}

// leastShort is the N*K from which scanning, and gathering, the rows pays off: measured
// on an AMD EPYC (Zen 3), with 8 to 128 columns and reductions of 8 to 256 in 1 to 9
// runs.
func leastShort(gathered int) int {
	if gathered == 0 {
		return 600
	}
	return 1250 + 250*gathered
}

// mostForFew and mostForAll are the costs of a step, in instructions of a vector, from which words
// are multiplied as fast: of codes up to 127, of which one in 200 has an excess, and of all codes.
// Measured on an AMD EPYC (Zen 3), with 24 to 384 columns and reductions of 64 to 1024.
const mostForFew, mostForAll = 2.8, 3.1

// runSamples is how many panels tell what the runs of a matrix cost.
const runSamples = 4

// shortRunsPay reports whether weights allow runs in 16 bits that are long enough. Those of unknown
// weights are.
func shortRunsPay(s *Shape) bool {
	const columns = 2 * shortLanes
	if s.Weights == nil {
		return true
	}
	var few, all, steps int
	panels := divUp(s.N, columns)
	for i := range min(panels, runSamples) {
		first := i * panels / min(panels, runSamples) * columns
		sample := packShort(nil, s.Weights[first*s.K:], min(columns, s.N-first), 1, s.K, 0).Data.(*shortWeights)
		for _, stage := range sample.panels[0] {
			few += stage.few.cost()
			all += stage.all.cost()
			steps += stage.all.steps()
		}
	}
	if s.Wide {
		return float64(all) <= mostForAll*float64(steps)
	}
	return float64(few) <= mostForFew*float64(steps)
}

//go:noescape
func tilesAVX2(routine int, arg *tile)

// shortLanes are the columns of a register.
const shortLanes = 8

// shortWeights is the layout of Weights: panels of 8 columns, [group of 4
// codes][column][4], where runs are filled up with zeros to whole groups.
type shortWeights struct {
	data   []int8
	init   []int32   // padded to whole registers
	panels [][]stage // of 16 columns
	// sparse is the share of groups of four codes with an excess up to which listing them is
	// faster than shorter runs.
	sparse float64
}

// stageCodes limits the depth of a stage, so that a panel's weights of it stay in
// the first-level cache from tile to tile.
const stageCodes = 1024

// stage is the order of the steps of a part of a panel, as runs for few codes, those up to
// 127, and for all.
type stage struct{ few, all runList }

// runList are runs of steps: those of four steps, of three, two and one that are
// accumulated in 16 bits, then steps that are not.
type runList struct {
	starts *int32 // the byte of a row where each begins
	counts [5]int // by kind
}

// cut is the argument of an assembly routine that splits the steps of two vectors of
// columns into runs. A run has at most four steps and ends where the sum of positive or
// negative weights that an accumulator of 16 bits takes would leave its bound. The routine
// stores their lengths, 5 for a step that alone does.
type cut struct {
	first, second      unsafe.Pointer
	groups             int
	positive, negative int32
	lengths            *uint8
	count              int
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
		var stages []stage
		for at := 0; at < kp; at += stageCodes {
			c := cut{first: unsafe.Pointer(&p.data[col*kp+at*shortLanes]), groups: min(stageCodes, kp-at) / 4, lengths: &lengths[0]}
			c.second = c.first
			if col+shortLanes < np {
				c.second = unsafe.Pointer(&p.data[(col+shortLanes)*kp+at*shortLanes])
			}
			c.positive, c.negative = 255, 256 // times 128 they are at most 2^15-1 and 2^15
			cutAVX2(&c)
			few := newRuns(int32(at), lengths[:c.count])
			c.positive, c.negative = 128, 128 // times 255
			cutAVX2(&c)
			stages = append(stages, stage{few, newRuns(int32(at), lengths[:c.count])})
		}
		p.panels = append(p.panels, stages)
	}
	p.sparse = sparseShare(p.panels)
	return out
}

// groupCost is the time of listing and multiplying one group with an excess, in
// instructions of a vector: an estimate.
const groupCost = 8

// sparseShare is shortWeights.sparse for the runs of panels.
func sparseShare(panels [][]stage) float64 {
	var saved, steps int
	for _, stages := range panels {
		for _, s := range stages {
			saved += s.all.cost() - s.few.cost()
			steps += s.few.steps()
		}
	}
	return float64(saved) / float64(groupCost*max(1, steps))
}

// cost is the time of the runs for one vector of columns, in instructions.
func (r *runList) cost() (sum int) {
	for i, c := range [5]int{9, 7, 5, 3, 4} {
		sum += c * r.counts[i]
	}
	return sum
}

// steps is the number of steps of the runs.
func (r *runList) steps() (sum int) {
	for i, n := range r.counts {
		sum += max(1, 4-i) * n
	}
	return sum
}

// newRuns sorts runs of the given lengths, the first of which begins at a byte.
func newRuns(at int32, lengths []uint8) runList {
	kind := func(l uint8) int { return []int{-1, 3, 2, 1, 0, 4}[l] }
	starts := make([]int32, len(lengths))
	r := runList{starts: &starts[0]}
	for _, l := range lengths {
		r.counts[kind(l)]++
	}
	var next [5]int
	for i := 1; i < 5; i++ {
		next[i] = next[i-1] + r.counts[i-1]
	}
	for _, l := range lengths {
		starts[next[kind(l)]] = at
		next[kind(l)]++
		at += 4 * int32(max(1, l%5))
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
	excess, where *uint32 // of groups of four codes, one list for all rows
	ends          *uint32 // where each row's part begins, and where the last one ends
	found         int     // groups of four codes of which some are above 127
}

//go:noescape
func aboveAVX2(arg *rowsOf)

//go:noescape
func gatherAVX2(arg *rowsOf)

//go:noescape
func clampAVX2(arg *rowsOf)

// scratch is the layout of scratch memory: offsets in words.
type scratch struct {
	pitch                     int // bytes from row to row
	rows, excess, where, ends int
	words                     int // size of all of it
}

// newScratch is for m rows of k codes, in whole groups. A panel of results for a partial
// panel of columns comes first.
func newScratch(m, k int) scratch {
	r := scratch{pitch: roundUp(k, 32), rows: m * edgeColumns * 4 / 8}
	r.excess = r.rows + m*r.pitch/8
	r.where = r.excess + m*r.pitch/8 + 4 // vectors are stored behind the last group
	r.ends = r.where + m*r.pitch/8 + 4
	r.words = r.ends + m/2 + 1
	return r
}

// prepare returns the rows of the call as plain rows: codes up to 127 with a list of what
// they have above that, for which it sets the fields of t; or, if some are larger and all is
// true, all codes.
func (c *Call) prepare(t *tile) (x operand.Matrix[uint8], all bool) {
	rows := c.M1 - c.M0
	k := c.Taps * roundUp(c.Depth, 4)
	r := newScratch(rows, k)
	w := c.Work
	_ = w[r.words-1]
	to := (*uint8)(unsafe.Pointer(&w[r.rows]))
	a := rowsOf{
		to: to, pitch: r.pitch,
		excess: (*uint32)(unsafe.Pointer(&w[r.excess])),
		where:  (*uint32)(unsafe.Pointer(&w[r.where])),
		ends:   (*uint32)(unsafe.Pointer(&w[r.ends])),
	}
	gathered := operand.Matrix[uint8]{X: unsafe.Slice(to, rows*r.pitch), Taps: 1, Depth: k, Stride: r.pitch, Base: -c.M0 * r.pitch}
	gathered.Pad = gathered.X
	x = c.Matrix
	if c.Depth%4 != 0 || c.Offset != nil {
		c.gatherRows(gathered.X, &a)
		x = gathered
	}
	operand.Lead(&a.Cursor, &x, c.M0, c.M1)
	a.depth, a.count = k, rows
	aboveAVX2(&a)
	switch share := float64(a.found) / float64(rows*k/4); {
	case a.found == 0:
		return x, false
	case share > c.W.Data.(*shortWeights).sparse:
		return x, true
	}
	first := c.M0*x.Stride + x.Base
	if last := (c.M1-1)*x.Stride + x.Base; last+r.pitch > len(x.X) { // its last vector is read whole
		c.gatherRows(gathered.X, &a)
		x, first = gathered, 0
	}
	a.from, a.fromPitch = &x.X[first], x.Stride
	a.to, a.depth, a.count = to, k, rows
	clampAVX2(&a)
	t.excess, t.where, t.ends = unsafe.Pointer(a.excess), unsafe.Pointer(a.where), unsafe.Pointer(a.ends)
	return gathered, false
}

// gatherRows copies the rows of the call, in whole groups.
func (c *Call) gatherRows(to []uint8, a *rowsOf) {
	if c.Depth%4 != 0 {
		c.copyRows(to, a.pitch, roundUp(c.Depth, 4))
		return
	}
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
	x, all := c.prepare(&t)
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
			if t.runs = unsafe.Pointer(&stages[i].few); all {
				t.runs = unsafe.Pointer(&stages[i].all)
			}
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
