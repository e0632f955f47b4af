package engine

import (
	"github.com/octet-ml/octet/graph"
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

// widest limits the columns of a piece, and with them its block of sums.
const widest = 256

// pieceBytes is about what the rows of a piece and their results take where they
// are short: enough that a call is worth its price, and little enough for the
// first-level cache.
const pieceBytes = 32 << 10

// divide is for rows that take so many bytes; a piece has a multiple of block of
// them.
func divide(m, n, groups, bytes, block, nr, threads int) division {
	rows := block * max(1, pieceBytes/(block*max(1, bytes)))
	if threads > 1 {
		rows = max(block, min(rows, roundUp(divUp(m, 4*threads), block)))
	}
	d := division{m: m, n: n, groups: groups, rows: max(1, min(rows, m)), cols: min(roundUp(n, nr), roundUp(widest, nr))}
	if threads > 1 {
		// A few pieces for each thread, so that a slow one is made up for.
		have := divUp(m, d.rows) * divUp(n, d.cols) * groups
		if want := 4 * threads; have < want {
			d.cols = max(min(d.cols, 4*nr), roundUp(divUp(d.cols*have, want), nr))
		}
	}
	d.down, d.across = divUp(m, d.rows), divUp(n, d.cols)
	return d
}

func (d *division) count() int { return d.down * d.across * d.groups }

// piece returns the group, rows and columns of piece i.
func (d *division) piece(i int) (group, m0, m1, n0, n1 int) {
	m0 = i % d.down * d.rows
	i /= d.down
	n0 = i % d.across * d.cols
	return i / d.across, m0, min(m0+d.rows, d.m), n0, min(n0+d.cols, d.n)
}

// operandRows describes the rows of a product: how many, how they are found and the
// number of multiplications.
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
func (g geometry) locate(in, out graph.Type) operandRows {
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

func (r operandRows) macs() int64 {
	return int64(r.m) * int64(r.groups) * int64(r.in) * int64(r.out) * int64(r.taps)
}
