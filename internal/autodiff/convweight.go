package autodiff

import "github.com/octet-ml/octet/internal/kernel/matmul32"

// weightGradient is the sum, over all output pixels, of the outer product of the input
// under the pixel and its gradient. It is computed in pieces: ranges of pixels, which
// depend on the shapes alone and whose partial sums are added in order, and within them
// ranges of columns and taps, which are independent.
type weightGradient struct {
	depth   int // of a tap, rounded up to a tile
	size    int // elements of the partial sum of a range
	rows    ranges
	columns ranges
	taps    ranges
	sums    *buffer // [range of rows][tap][depth][output channel]
}

// rowsPerSum is the least number of output pixels of a partial sum, and mostSums the
// largest number of partial sums.
const rowsPerSum, mostSums = 1024, 16

func (p *product) newWeightGradient(b *builder) weightGradient {
	mr := p.p.matmul.MR
	g := weightGradient{depth: (p.x.Depth + mr - 1) / mr * mr}
	g.size = p.x.Taps * g.depth * p.outChannels()
	g.rows = divide(p.y.rows, max(rowsPerSum, (p.y.rows+mostSums-1)/mostSums))
	// Columns are a multiple of every kernel's NR.
	g.columns = divide(p.width, 64)
	g.taps = divide(p.x.Taps, p.x.Taps)
	if g.rows.count*g.columns.count*p.groups < mostSums {
		g.taps = divide(p.x.Taps, (p.x.Taps*g.rows.count*g.columns.count*p.groups+mostSums-1)/mostSums)
	}
	g.sums = b.scratch(4*g.size*g.rows.count, false, true)
	return g
}

// compute sets the gradient of the weights as multiplied.
func (g *weightGradient) compute(p *product) {
	sums, up, ld := g.sums.floats(), p.y.grad.floats(), p.outChannels()
	p.run(g.rows.count*g.columns.count*g.taps.count*p.groups, func(worker, i int) {
		group := i % p.groups
		i /= p.groups
		taps, columns, rows := i%g.taps.count, i/g.taps.count%g.columns.count, i/g.taps.count/g.columns.count
		c := matmul32.OuterCall{Operand: p.operand(group), Y: up[group*p.width:], LDY: ld, D1: p.x.Depth,
			Out: sums[rows*g.size+group*p.width:], LD: ld, Work: &p.work[worker]}
		c.M0, c.M1 = g.rows.bounds(rows)
		c.N0, c.N1 = g.columns.bounds(columns)
		c.T0, c.T1 = g.taps.bounds(taps)
		p.p.matmul.Outer(&c)
	})
	out := p.w.param.Grad
	lines := divide(p.x.Taps*p.x.Depth, max(1, 1<<14/ld))
	p.run(lines.count, func(_, i int) {
		from, to := lines.bounds(i)
		for line := from; line < to; line++ {
			at := (line/p.x.Depth*g.depth + line%p.x.Depth) * ld
			sumInOrder(out[line*ld:(line+1)*ld], sums[at:], g.size, g.rows.count)
		}
	})
}

// sumInOrder sets dst to the sum of count vectors, which start size apart.
func sumInOrder(dst, src []float32, size, count int) {
	copy(dst, src)
	for i := 1; i < count; i++ {
		for j, v := range src[i*size:][:len(dst)] {
			dst[j] += v
		}
	}
}
