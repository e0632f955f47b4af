package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/operand"
)

// lines8 is a convolution on codes over a copy of the input lines that a piece of
// the output needs, with their padding. In it the pixels of an output line are
// equally spaced under every tap, which some kernels want.
//
// Where pixels have few channels, as in the first layer of a network, one is far
// less than a vector, so a row of its window is taken as one run. It is rounded up
// to whole groups of codes; the weights behind its end are zero, so that what it
// reads there does not count.
type lines8 struct {
	product8     // over runs in the copy
	channels int // of a pixel
	across   int // pixels of a window's row that are runs of their own
}

const (
	stemGroup  = 4         // codes that kernels take at once
	stemPixels = 192       // of a piece of the output, about
	linesBytes = 128 << 10 // of a piece's copy, about
)

// stem reports whether a row of g's window is one run.
func (g geometry) stem() bool {
	return g.groups == 1 && g.in <= 4 && g.slide.kernel[1] > 1 && g.slide.dilation[1] == 1
}

// newStem8 packs w, [O][ky][kx][channel].
func newStem8(n *graph.Node, g geometry, w []int8, f finish, t target) operation {
	window := g.slide.kernel[1] * g.in
	rows := g
	rows.in, rows.taps = roundUp(window, stemGroup), g.slide.kernel[0]
	padded := make([]int8, g.out*rows.taps*rows.in)
	for i := range g.out * rows.taps {
		copy(padded[i*rows.in:], w[i*window:(i+1)*window])
	}
	return lines8{newProduct8(n, rows, padded, f, t), g.in, 1}
}

func (o lines8) with(a adding) operation {
	o.then = &a
	return o
}

// newConv8 packs w, [O][tap][channel], for a product over the input itself, unless
// its padding would keep the kernel from equally spaced rows.
func newConv8(n *graph.Node, g geometry, w []int8, f finish, t target) operation {
	p := newProduct8(n, g, w, f, t)
	if p.k.Lines && g.slide.padding != [2]int{} {
		return lines8{p, g.groups * g.in, g.slide.kernel[1]}
	}
	return p
}

func (o lines8) fix(in []graph.Type, out graph.Type, threads int) (fixed, error) {
	f := fixedLines8{lines8: o, inShape: in[0].Shape, outShape: out.Shape}
	s, height, width := o.slide, out.Shape[2], out.Shape[3]
	f.line = fill8((f.inShape[3]+2*s.padding[1])*o.channels, o.pad[0])
	if !o.k.Lines {
		f.rows = divUp(stemPixels, width)
	} else {
		f.rows = max(divUp(o.k.Block, width), linesBytes/(s.stride[0]*len(f.line)))
		if threads > 1 {
			f.rows = min(f.rows, max(divUp(o.k.Block, width), divUp(height*f.outShape[0], 4*threads)))
		}
	}
	f.rows = min(f.rows, height)
	f.pieces = divUp(height, f.rows)
	f.lines = (f.rows-1)*s.stride[0] + (s.kernel[0]-1)*s.dilation[0] + 1
	for t := range o.taps {
		ky, kx := t/o.across, t%o.across
		for y := range f.rows {
			for x := range width {
				at := (y*s.stride[0]+ky*s.dilation[0])*len(f.line) + (x*s.stride[1]+kx*s.dilation[1])*o.channels
				f.offset = append(f.offset, int32(at))
			}
		}
	}
	f.step = s.stride[1] * o.channels
	f.ends = operand.Runs(f.offset, o.taps, f.step)
	return f, nil
}

type fixedLines8 struct {
	lines8
	inShape, outShape []int
	rows              int     // of the output, in a piece
	pieces            int     // of an image
	line              []uint8 // a line of the copy that is all padding
	lines             int     // lines of the copy
	offset            []int32 // of the runs of a piece's pixels in the copy
	ends              []int32
	step              int
}

func (f fixedLines8) macs() int64 {
	y, s := f.outShape, f.slide
	return int64(y[0]*y[2]*y[3]) * int64(y[1]) * int64(s.kernel[0]*s.kernel[1]*f.channels/f.groups)
}

// pixels is the number of output pixels of a piece.
func (f fixedLines8) pixels() int { return f.rows * f.outShape[3] }

// copied is the number of words of the copy. Runs may begin in its last line and
// be rounded up, by the engine and by the kernel.
func (f fixedLines8) copied() int { return divUp(f.lines*len(f.line)+stemGroup+f.k.OverRead, 8) }

// sums is the number of words of the block of sums, where there is one.
func (f fixedLines8) sums() int {
	if f.rules != nil {
		return 0
	}
	return divUp(f.pixels()*f.out, 2)
}

func (f fixedLines8) scratch() int {
	return f.copied() + f.sums() + f.k.Work(f.pixels(), f.taps, f.in)
}

func (f fixedLines8) bind(in []memory, out memory, scratch [][]uint64) step {
	t := &taskLines8{f, in[0].codes(), out, make([]gemm8.Call, len(scratch)), make([]requant8.Call, len(scratch)),
		f.then.bind(func() memory { return in[1] }, out, len(scratch))}
	for i, s := range scratch {
		sums := f.copied() + f.sums()
		t.sum[i] = gemm8.Call{
			Matrix: operand.Matrix[uint8]{X: words[uint8](s[:f.copied()]), Pad: f.pad, Taps: f.taps, Depth: f.in,
				Offset: f.offset, Rows: f.pixels(), Image: f.copied() * 8},
			Ends: f.ends, Step: f.step, N1: f.out, LD: f.groups * f.out,
			Acc: words[int32](s[f.copied():sums]), Work: s[sums:],
		}
		t.code[i] = f.finish.call(f.groups * f.out)
		t.code[i].N = f.out
	}
	return pieces{f.inShape[0] * f.pieces, t}
}

type taskLines8 struct {
	fixedLines8
	x    []uint8
	out  memory
	sum  []gemm8.Call
	code []requant8.Call
	then *addition
}

func (t *taskLines8) Do(worker, i int) {
	image, first := i/t.pieces, i%t.pieces*t.rows
	rows := min(t.rows, t.outShape[2]-first)
	s := &t.sum[worker]
	t.copy(s.X, image, first*t.slide.stride[0]-t.slide.padding[0], (rows-1)*t.slide.stride[0]+(t.slide.kernel[0]-1)*t.slide.dilation[0]+1)
	s.M1 = rows * t.outShape[3]
	m0 := (image*t.outShape[2] + first) * t.outShape[3]
	for g, w := range t.weights {
		s.W, s.Base = w, g*t.in
		if t.rules != nil {
			s.Rule, s.Out = t.rules[g], t.out.codes()[m0*s.LD+g*t.product8.out:]
			t.k.RunCodes(s)
			continue
		}
		t.k.Run(s)
		c := &t.code[worker]
		c.Acc, c.M, c.First = s.Acc, s.M1, g*t.product8.out
		t.finish.run(c, t.out, m0)
	}
	t.then.block(worker, m0, m0+s.M1, 0, s.LD, s.LD)
}

// copy writes lines lines of the input from top on, with their padding.
func (t *taskLines8) copy(to []uint8, image, top, lines int) {
	height, size := t.inShape[2], t.inShape[3]*t.channels
	left := t.slide.padding[1] * t.channels
	for y := top; y < top+lines; y++ {
		if y >= 0 && y < height {
			copy(to[:left], t.line)
			copy(to[left:], t.x[(image*height+y)*size:][:size])
			copy(to[left+size:len(t.line)], t.line)
		} else {
			copy(to, t.line)
		}
		to = to[len(t.line):]
	}
}
