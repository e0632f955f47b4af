package engine

// gathering reports whether windows are copied to contiguous rows first (im2col).
// Without the copy, a kernel that wants equally spaced rows computes one output line per
// call, and short lines leave most of its tile unused. The copy pays when each byte is
// multiplied with many columns.
func (o product8) gathering(out desc) bool {
	const (
		tileRows   = 16  // rows of the kernel's tile
		fullEnough = 12  // rows of a tile that one line fills: from here on the copy does not pay
		minColumns = 256 // output channels below which the copy does not pay
	)
	if !o.k.Lines || o.slide == (sliding{}) || o.groups > 1 || o.pointwise() || o.out < minColumns {
		return false
	}
	if o.taps == 1 && out.Shape[0] == 1 {
		return false // bound by the memory traffic of the weights
	}
	width := out.Shape[3]
	return divUp(width, divUp(width, tileRows)) < fullEnough
}

// gatherBytes is about the size of the copy of a piece's windows, so that it stays in the
// second-level cache.
const gatherBytes = 512 << 10

// fixedGather8 is a product8 over copies of its windows.
type fixedGather8 struct {
	fixedProduct8
	window int // bytes of one copied window
}

// fixGather is fix with windows copied. In the packed weights every run is as long as
// Depth says, or whole multiples of it.
func (o product8) fixGather(in, out desc, threads int) fixed {
	f := fixedGather8{fixedProduct8: fixedProduct8{product8: o, operandRows: o.locate(in, out)}}
	f.window = f.operandRows.taps * roundUp(o.in, o.k.Depth)
	e := f.operandRows.extent(1)
	f.division = e.divide(o.k.Block, o.k.NR, threadsFor(e.time(o.k.Rate), threads), o.rules == nil)
	f.division.limit(max(o.k.MR, gatherBytes/f.window))
	return f
}

// copied is the number of words of the copy.
func (f fixedGather8) copied() int { return divUp(f.division.rows*f.window+f.k.OverRead, 8) }

func (f fixedGather8) scratch() int {
	return f.copied() + f.accumulators() + f.k.Work(f.division.rows, 1, f.window)
}

func (f fixedGather8) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskGather8{f, f.workers(in, out, len(scratch)), in[0].codes()}
	for i, s := range scratch {
		accEnd := f.copied() + f.accumulators()
		c := &t.sum[i]
		c.X, c.Taps, c.Depth, c.Stride = words[uint8](s[:f.copied()]), 1, f.window, f.window
		c.Pad = c.X // never read: copied windows have no padding
		c.Acc, c.Work, c.LD = words[int32](s[f.copied():accEnd]), s[accEnd:], f.product8.out
	}
	return pieces{f.count(), t}
}

type taskGather8 struct {
	fixedGather8
	workers8
	x []uint8
}

func (t *taskGather8) Do(worker, i int) {
	_, m0, m1, n0, n1 := t.piece(i)
	s := &t.sum[worker]
	t.gather(s.X, m0, m1)
	s.M1, s.N0, s.N1 = m1-m0, n0, n1
	t.run(&t.workers8, worker, 0, m0)
	t.then.block(worker, m0, m1, n0, n1, s.LD)
}

// gather copies the windows of output pixels m0 to m1. Bytes between the runs are
// multiplied by weights of zero.
func (t *taskGather8) gather(to []uint8, m0, m1 int) {
	r, run := &t.operandRows, t.window/t.operandRows.taps
	for m := m0; m < m1; m++ {
		image, row := m/r.rows*r.image, m%r.rows
		for tap := range r.taps {
			if at := int(r.offset[tap*r.rows+row]); at >= 0 {
				copy(to[:r.in], t.x[image+at:])
			} else {
				copy(to[:r.in], t.pad)
			}
			to = to[run:]
		}
	}
}
