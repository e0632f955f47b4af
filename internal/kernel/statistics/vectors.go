//go:build (amd64 || arm64) && !noasm

package statistics

import (
	"math"
	"slices"
)

// lanes are the numbers of a step of the routines: one vector of amd64, two of arm64.
const lanes = 8

// ranging is the argument of the routine that updates the extremes in count steps, lane by
// lane, and adds x*0 to zeros.
type ranging struct {
	x      *float32
	count  int
	lo, hi [lanes]float32
	zeros  [lanes]float32 // NaN if a number was not finite
}

func newRanging() (a ranging) {
	for i := range a.lo {
		a.lo[i], a.hi[i] = float32(math.Inf(1)), float32(math.Inf(-1))
	}
	return a
}

func rangeVectors(c *Call) {
	n := len(c.X) / lanes
	rest := Call{X: c.X[n*lanes:]}
	runRange(&rest)
	c.Lo, c.Hi, c.Finite = rest.Lo, rest.Hi, rest.Finite
	if n == 0 {
		return
	}
	a := newRanging()
	a.x, a.count = &c.X[0], n
	a.run()
	lo, hi, finite := a.all()
	c.Lo, c.Hi, c.Finite = min(c.Lo, lo), max(c.Hi, hi), c.Finite && finite
}

// all joins the lanes.
func (a *ranging) all() (lo, hi float32, finite bool) {
	zeros := float32(0)
	for _, v := range a.zeros {
		zeros += v
	}
	return slices.Min(a.lo[:]), slices.Max(a.hi[:]), zeros == 0
}

// binning is the argument of the routine that counts, and also does what that of ranges does.
// That of amd64 counts the numbers that are not zero: those of a ReLU are every other one.
type binning struct {
	ranging
	tables *uint16 // several, so that a number rarely waits for the count of an equal one
	stride int     // of the tables
	queue  *int32  // buffer for the bins of the numbers, a step longer
	queued int     // numbers that are counted; the others are zero
	from   float32
	span   float32
	many   float32 // number of bins
	last   int32   // bin
	spare  int32   // bin after the others, with which the queue is padded
}

const (
	tables = 4
	piece  = 1024 // numbers that are queued, so that their bins stay in the first-level cache
	often  = 64   // pieces between checks whether all were inside
	// most is how many are counted before a count of 16 bits could overflow.
	most = math.MaxUint16 * tables / piece * piece
)

func histogramVectors(c *Call) {
	n := len(c.X) / lanes * lanes
	if n < few {
		n = 0
	}
	rest := *c
	rest.X = c.X[n:]
	runHistogram(&rest)
	c.Inside = rest.Inside
	if n == 0 {
		return
	}
	h := newCounter(c)
	for x := c.X[:n]; c.Inside && len(x) > 0; {
		part := x[:min(len(x), most)]
		c.Inside = h.count(part)
		h.addTo(c.Counts)
		x = x[len(part):]
	}
}

// counter counts for one Call.
type counter struct {
	binning
	to     float32
	counts []uint16
	zeros  int
}

func newCounter(c *Call) *counter {
	bins := len(c.Counts)
	h := &counter{to: c.Hi, counts: make([]uint16, tables*(bins+1))}
	h.binning = binning{
		tables: &h.counts[0], stride: bins + 1, queue: &make([]int32, piece+lanes)[0],
		ranging: newRanging(), from: c.Lo, span: c.Hi - c.Lo, many: float32(bins), last: int32(bins - 1), spare: int32(bins),
	}
	return h
}

// count counts x, whole vectors and most at most, and reports whether all were inside.
func (h *counter) count(x []float32) bool {
	for i := 0; len(x) > 0; i++ {
		n := min(len(x), piece)
		h.x, h.ranging.count = &x[0], n/lanes
		h.run()
		h.zeros += n - h.queued
		if x = x[n:]; i%often == often-1 && !h.inside() {
			return false
		}
	}
	return h.inside()
}

func (h *counter) inside() bool {
	lo, hi, finite := h.all()
	return finite && lo >= h.from && hi <= h.to
}

// addTo adds the counts to those of a Call and begins again.
func (h *counter) addTo(counts []uint32) {
	for i := range tables {
		for k, n := range h.counts[i*h.stride:][:len(counts)] {
			counts[k] += uint32(n)
		}
	}
	if h.zeros > 0 { // 0 may be outside
		counts[max(0, bin(0, h.from, h.span, len(counts)))] += uint32(h.zeros)
	}
	clear(h.counts)
	h.zeros = 0
}

// powers is the argument of the routine that takes count groups of four numbers into the
// accumulators.
type powers struct {
	x, y  *float32
	count int
	power
}

func noiseVectors(c *Call) {
	n := len(c.X) / groups
	var a powers
	if n > 0 {
		y := c.Y[:len(c.X)]
		a.x, a.y, a.count = &c.X[0], &y[0], n
		a.run()
	}
	a.finish(c, n*groups)
}
