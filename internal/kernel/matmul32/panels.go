package matmul32

// depthBlock is the block of K that all tiles multiply before the next one: its packed
// weights then stay in the first-level cache.
const depthBlock = 128

// Panels is a matrix w, [k][n], packed for one kernel: in blocks of K, in each of
// them panels of NR columns, the last one as wide as needed. It is packed anew
// for every step of training, tap by tap.
type Panels struct {
	N, Taps, Depth int // columns; K = Taps * Depth rows

	nr, lanes int
	data      []float32
}

// NewPanels describes a matrix of taps*depth rows and n columns, which has no
// memory yet.
func (k *Kernel) NewPanels(taps, depth, n int) *Panels {
	return &Panels{N: n, Taps: taps, Depth: depth, nr: k.NR, lanes: k.lanes}
}

// Len is the number of float32 that the packed matrix takes.
func (p *Panels) Len() int { return p.Taps * p.Depth * roundUp(p.N, p.lanes) }

// Use makes data, Len long, the memory of the packed matrix.
func (p *Panels) Use(data []float32) *Panels {
	p.data = data[:p.Len()]
	return p
}

// kBlock is a range of K: whole taps, or a part of one.
type kBlock struct {
	tap, taps int
	d, depth  int
	at        int // where it starts in the packed data
}

// blocks calls f for each block in order.
func (p *Panels) blocks(f func(kBlock)) {
	columns := roundUp(p.N, p.lanes)
	if p.Depth >= depthBlock {
		for t := range p.Taps {
			for d := 0; d < p.Depth; d += depthBlock {
				f(kBlock{t, 1, d, min(depthBlock, p.Depth-d), (t*p.Depth + d) * columns})
			}
		}
		return
	}
	step := p.tapsPerBlock()
	for t := 0; t < p.Taps; t += step {
		f(kBlock{t, min(step, p.Taps-t), 0, p.Depth, t * p.Depth * columns})
	}
}

func (p *Panels) tapsPerBlock() int { return max(1, depthBlock/max(1, p.Depth)) }

// block returns the block that holds depth d of a tap.
func (p *Panels) block(tap, d int) kBlock {
	columns := roundUp(p.N, p.lanes)
	if p.Depth >= depthBlock {
		d = d / depthBlock * depthBlock
		return kBlock{tap, 1, d, min(depthBlock, p.Depth-d), (tap*p.Depth + d) * columns}
	}
	step := p.tapsPerBlock()
	first := tap / step * step
	return kBlock{first, min(step, p.Taps-first), 0, p.Depth, first * p.Depth * columns}
}

// panel returns columns n to n+NR of a block: [k][width].
func (p *Panels) panel(b kBlock, n int) (data []float32, width int) {
	width = min(p.nr, roundUp(p.N, p.lanes)-n)
	k := b.taps * b.depth
	return p.data[b.at+n*k:][:k*width], width
}

// Pack sets columns n0 to n1 of one tap to src, [depth][columns from 0 on] with
// rows ld apart. n0 is a multiple of NR.
func (p *Panels) Pack(tap int, src []float32, ld, n0, n1 int) {
	for d0 := 0; d0 < p.Depth; d0 += depthBlock {
		b := p.block(tap, d0)
		first := (tap - b.tap) * b.depth
		for n := n0; n < n1; n += p.nr {
			panel, width := p.panel(b, n)
			columns := min(p.nr, n1-n)
			for d := range b.depth {
				copy(panel[(first+d)*width:][:columns], src[(d0+d)*ld+n:][:columns])
			}
		}
	}
}

// PackTransposed sets columns n0 to n1 of one tap to the transpose of src,
// [column][depth] with rows ld apart, of which column 0 is the first. n0 is a
// multiple of NR.
func (p *Panels) PackTransposed(tap int, src []float32, ld, n0, n1 int) {
	for d0 := 0; d0 < p.Depth; d0 += depthBlock {
		b := p.block(tap, d0)
		first := (tap - b.tap) * b.depth
		for n := n0; n < n1; n += p.nr {
			panel, width := p.panel(b, n)
			panel = panel[first*width:]
			for i := range min(p.nr, n1-n) {
				at := i
				for _, v := range src[(n+i)*ld+d0:][:b.depth] {
					panel[at] = v
					at += width
				}
			}
		}
	}
}
