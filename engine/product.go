package engine

import (
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/tensor"
)

// division cuts a product of m rows and n columns, for each group, into pieces.
// The rows of one column block follow each other, so that its weights stay in
// the cache.
type division struct {
	m, n, groups int
	rows, cols   int // of a piece
	down, across int // pieces
}

const (
	// widest limits the columns of a piece that stores accumulators, and with them its
	// block of accumulators.
	widest = 256
	// pieceBytes is about the size of the rows of a piece and their results where rows are
	// short: large enough to pay for a call, small enough for the first-level cache.
	pieceBytes = 32 << 10
	// rowsBytes is about the size of the rows of a piece that several threads read, each for
	// columns of its own.
	rowsBytes = 256 << 10
)

// extent is the size of a product: for each group, m rows of k elements by n
// columns.
type extent struct {
	m, n, k, groups int
	bytes           int // of an element
}

// time estimates how long the product takes, in nanoseconds, at rate multiplications per
// nanosecond and a few results; with few rows, the memory bandwidth of the weights is the
// limit.
func (e extent) time(rate int) int {
	const results, bytes = 4, 10 // per nanosecond
	return e.groups * e.n * max(e.m*(e.k+rate/results)/rate, e.k*e.bytes/bytes)
}

// divide is for a kernel of nr columns that takes blocks of rows at a time. accumulators
// says that it stores int32 accumulators and leaves requantization to the caller.
func (e extent) divide(block, nr, threads int, accumulators bool) division {
	d := division{m: e.m, n: e.n, groups: e.groups, cols: roundUp(e.n, nr)}
	if accumulators {
		d.cols = min(d.cols, roundUp(widest, nr))
	}
	d.rows = block * max(1, pieceBytes/(block*max(1, (e.k+e.n)*e.bytes)))
	if threads > 1 {
		e.share(&d, block, nr, threads)
	}
	d.limit(e.m)
	return d
}

// limit makes pieces of so many rows at most.
func (d *division) limit(rows int) { d.cut(min(d.rows, rows)) }

// cut makes pieces of so many rows.
func (d *division) cut(rows int) {
	d.rows = max(1, min(rows, d.m))
	d.down, d.across = divUp(d.m, d.rows), divUp(d.n, d.cols)
}

// even makes pieces of about as many rows each, a multiple of unit: a last piece of few rows
// would read all of the weights for them.
func (d *division) even(unit int) {
	pieces := max(1, (d.m+d.rows/2)/d.rows)
	d.cut(roundUp(divUp(d.m, pieces), unit))
}

// share makes pieces for several threads.
func (e extent) share(d *division, block, nr, threads int) {
	cols := e.columns(nr, threads, far)
	if cols == roundUp(e.n, nr) {
		if rows := evenly(e.m, 1, d.rows, threads); rows > 0 {
			d.rows = rows
			return
		}
		cols = e.columns(nr, threads, 0)
	}
	d.cols = min(d.cols, cols)
	d.rows = max(d.rows, block*max(1, rowsBytes/(block*max(1, e.k*e.bytes))))
}

// fewest is the least number of rows that a piece should have: with fewer, the weights are
// read too often.
const fewest = 96

// evenly divides n rows into pieces of about most rows at most, so that all threads have the
// same work. Where that makes few pieces, each thread gets several smaller ones, so that
// the others take over from a slow one. It returns the rows of a piece, a multiple of unit,
// or 0 if there are too few rows for all threads.
func evenly(n, unit, most, threads int) int {
	if n < fewest*threads {
		return 0
	}
	best, least := 0, 0
	for pieces := threads * divUp(n, threads*most); best == 0 || pieces <= 4*threads; pieces += threads {
		rows := roundUp(divUp(n, pieces), unit)
		load := divUp(divUp(n, rows), threads) * rows
		if best == 0 || rows >= fewest && load <= least {
			best, least = rows, load
		}
	}
	return best
}

// far is how many times larger than the rows the weights must be before threads split
// columns: then each thread reads all rows, also those from another core's cache, which
// takes several times as long as prefetched weights from memory.
const far = 8

// columns is the number of columns of one part. Where the weights are more than far times
// the rows, each thread reads a part of the weights and all rows. Otherwise all columns are
// one part.
func (e extent) columns(nr, threads, far int) int {
	if threads == 1 || e.n <= far*e.m {
		return roundUp(e.n, nr)
	}
	return roundUp(divUp(e.n, 2*threads), nr)
}

func (d *division) count() int { return d.down * d.across * d.groups }

// piece returns the group, rows and columns of piece i.
func (d *division) piece(i int) (group, m0, m1, n0, n1 int) {
	m0 = i % d.down * d.rows
	i /= d.down
	n0 = i % d.across * d.cols
	return i / d.across, m0, min(m0+d.rows, d.m), n0, min(n0+d.cols, d.n)
}

// operandRows describes the rows of the left operand of a product: how many, their
// indirection offsets, and the number of multiplications.
type operandRows struct {
	geometry
	m, rows, image, stride int
	offset                 []int32
}

// matrixOf is the operand x, whose runs hold depth elements, as kernels see it.
func matrixOf[T any](r *operandRows, depth int, x, pad []T) operand.Matrix[T] {
	return operand.Matrix[T]{X: x, Pad: pad, Taps: r.taps, Depth: depth,
		Offset: r.offset, Rows: r.rows, Image: r.image, Stride: r.stride}
}

// locate finds the rows of a product over an operand of type in.
func (g geometry) locate(in, out desc) operandRows {
	x, y := in.Shape, out.Shape
	r := operandRows{geometry: g, stride: g.groups * g.in}
	if len(y) != 4 || g.slide == (sliding{}) { // a linear layer
		r.m = y[:len(y)-1].Numel()
		return r
	}
	r.rows = y[2] * y[3]
	r.m, r.image = y[0]*r.rows, x[1:].Numel()
	if !g.pointwise() {
		r.offset = g.offsets(tensor.Shape(x), y)
	}
	return r
}

// extent is the product's, of elements of so many bytes.
func (r operandRows) extent(bytes int) extent {
	return extent{m: r.m, n: r.out, k: r.in * r.taps, groups: r.groups, bytes: bytes}
}

func (r operandRows) macs() int64 {
	return int64(r.m) * int64(r.groups) * int64(r.in) * int64(r.out) * int64(r.taps)
}
