package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/operand"
)

// lines8 is a convolution on codes over a copy of lines: because it is a stem, or
// because its kernel wants equally spaced rows.
type lines8 struct {
	product8     // over runs in the copy
	channels int // of a pixel
	across   int // pixels of a window's row that are runs of their own
}

const (
	stemGroup  = 4         // codes that kernels take at once
	stemPixels = 192       // of a piece of the output, about
	linesBytes = 128 << 10 // of a copy for kernels that want equally spaced rows, about
)

// newStem8 packs w, [O][ky][kx][channel]. A run is a row of the window, rounded up
// to whole groups of codes; the weights behind its end are zero, so that what it
// reads there does not count.
func newStem8(n *graph.Node, g geometry, w []int8, f finish, t target) operation {
	rows := g
	rows.in, rows.taps = roundUp(g.slide.Kernel[1]*g.in, stemGroup), g.slide.Kernel[0]
	if f.ones != nil {
		f.ones = windowRows(f.ones, g, rows.in)
	}
	return lines8{newProduct8(n, rows, windowRows(w, g, rows.in), f, t), g.in, 1}
}

// newConv8 packs w, [O][tap][channel], for a product over the input itself, unless
// its padding would keep the kernel from equally spaced rows.
func newConv8(n *graph.Node, g geometry, w []int8, f finish, t target) operation {
	p := newProduct8(n, g, w, f, t)
	if p.k.Lines && g.slide.pads() {
		return lines8{p, g.groups * g.in, g.slide.Kernel[1]}
	}
	return p
}

func (o lines8) with(a adding) operation {
	o.then = &a
	return o
}

func (o lines8) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	if o.across == o.slide.Kernel[1] && o.gathering(out) {
		return o.fixGather(in[0], out, threads), nil
	}
	height, width := out.Shape[2], out.Shape[3]
	e := extent{m: out.Shape[0] * height * width, n: o.product8.out, k: o.product8.in * o.product8.taps, groups: o.groups, bytes: 1}
	threads = threadsFor(e.time(o.k.Rate), threads)
	f := fixedLines8{lines8: o, columns: roundUp(o.product8.out, o.k.NR)}
	rows := divUp(stemPixels, width)
	if o.k.Lines {
		f.columns = e.columns(o.k.NR, threads, far)
		line := o.slide.line(in[0].Shape) * o.channels
		least := divUp(o.k.Block, width)
		rows = max(least, linesBytes/(o.slide.Stride[0]*line))
		if f.columns < o.product8.out {
			rows = height
		} else if t := divUp(threads, out.Shape[0]); t > 1 {
			if even := evenly(height*width, width, rows*width, t); even > 0 {
				rows = even / width
			} else {
				f.columns, rows = e.columns(o.k.NR, threads, 0), height
			}
		}
	}
	f.lines = newLines(o.geometry, o.channels, o.across, in[0], out, rows)
	f.parts = divUp(o.product8.out, f.columns)
	f.line = fill8(f.length, o.pad[0])
	f.ends = operand.Runs(f.offset, f.lines.taps, f.step())
	return f, nil
}

type fixedLines8 struct {
	lines8
	lines
	ends    []int32
	line    []uint8 // of padding
	columns int     // of a piece, in each group
	parts   int     // of the columns
}

func (f fixedLines8) macs() int64 {
	window := f.lines.slide.Kernel
	return int64(f.lines.out.Numel()) * int64(window[0]*window[1]*f.lines.channels/f.groups)
}

// copied is the number of words of the copy. Runs may begin in its last line and
// be rounded up, by the engine and by the kernel.
func (f fixedLines8) copied() int { return divUp(f.size()+stemGroup+f.k.OverRead, 8) }

// accumulators is the number of words of the block of accumulators, if there is one.
func (f fixedLines8) accumulators() int { return f.product8.accumulators(f.pixels(), f.columns) }

func (f fixedLines8) scratch() int {
	return f.copied() + f.accumulators() + f.k.Work(f.pixels(), f.product8.taps, f.product8.in)
}

func (f fixedLines8) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskLines8{f, f.workers(in, out, len(scratch)), in[0].codes()}
	for i, s := range scratch {
		accEnd := f.copied() + f.accumulators()
		t.sum[i] = gemm8.Call{
			Matrix: operand.Matrix[uint8]{X: words[uint8](s[:f.copied()]), Pad: f.pad, Taps: f.product8.taps, Depth: f.product8.in,
				Offset: f.offset, Rows: f.pixels(), Image: f.copied() * 8},
			Ends: f.ends, Step: f.step(), LD: f.groups * f.product8.out,
			Acc: words[int32](s[f.copied():accEnd]), Work: s[accEnd:],
		}
	}
	return pieces{f.lines.in[0] * f.lines.pieces * f.parts, t}
}

type taskLines8 struct {
	fixedLines8
	workers8
	x []uint8
}

func (t *taskLines8) Do(worker, i int) {
	image, first, rows, m0 := t.piece(i / t.parts)
	s := &t.sum[worker]
	copyLines(&t.lines, s.X, t.x, t.line, image, first, rows)
	s.M1 = rows * t.lines.out[3]
	s.N0 = i % t.parts * t.columns
	s.N1 = min(s.N0+t.columns, t.product8.out)
	for g := range t.weights {
		s.Base = g * t.product8.in
		t.run(&t.workers8, worker, g, m0)
	}
	for g := range t.weights {
		column := g * t.product8.out
		t.then.block(worker, m0, m0+s.M1, column+s.N0, column+s.N1, s.LD)
	}
}
