package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/operand"
)

// stem8 is a convolution of few channels on codes, such as the first layer of a
// network. One pixel is far less than a vector, so a row of its window is taken
// as one run: the input rows that a piece of the output needs are copied with
// their padding, and the runs point into that copy. A run is rounded up to whole
// groups of codes; the weights behind its end are zero, so that what it reads
// there does not count.
type stem8 struct {
	product8     // over runs of a row of the window
	channels int // of a pixel
}

const (
	stemGroup  = 4   // codes that kernels take at once
	stemPixels = 192 // of a piece of the output, about
)

// stem reports whether g is computed as a stem.
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
	return stem8{newProduct8(n, rows, padded, f, t).(product8), g.in}
}

func (o stem8) fix(in []graph.Type, out graph.Type, _ int) (fixed, error) {
	f := fixedStem8{stem8: o, inShape: in[0].Shape, outShape: out.Shape}
	s, height, width := o.slide, out.Shape[2], out.Shape[3]
	f.rows = min(divUp(stemPixels, width), height)
	f.pieces = divUp(height, f.rows)
	f.line = fill8((f.inShape[3]+2*s.padding[1])*o.channels, o.pad[0])
	f.lines = (f.rows-1)*s.stride[0] + (o.taps-1)*s.dilation[0] + 1
	for t := range o.taps {
		for y := range f.rows {
			for x := range width {
				at := (y*s.stride[0]+t*s.dilation[0])*len(f.line) + x*s.stride[1]*o.channels
				f.offset = append(f.offset, int32(at))
			}
		}
	}
	return f, nil
}

type fixedStem8 struct {
	stem8
	inShape, outShape []int
	rows              int     // of the output, in a piece
	pieces            int     // of an image
	line              []uint8 // a row of the copy that is all padding
	lines             int     // rows of the copy
	offset            []int32 // of the runs of a piece's pixels in the copy
}

func (f fixedStem8) macs() int64 {
	y := f.outShape
	return int64(y[0]*y[2]*y[3]) * int64(y[1]) * int64(f.taps*f.slide.kernel[1]*f.channels)
}

// pixels is the number of output pixels of a piece.
func (f fixedStem8) pixels() int { return f.rows * f.outShape[3] }

// copied is the number of words of the copy. Runs may begin in its last row and
// be rounded up.
func (f fixedStem8) copied() int { return divUp(f.lines*len(f.line)+stemGroup, 8) }

// sums is the number of words of the block of sums, where there is one.
func (f fixedStem8) sums() int {
	if f.rules != nil {
		return 0
	}
	return divUp(f.pixels()*f.out, 2)
}

func (f fixedStem8) scratch() int {
	return f.copied() + f.sums() + f.k.Work(f.pixels(), f.taps, f.in)
}

func (f fixedStem8) bind(in []memory, out memory, scratch [][]uint64) step {
	t := &taskStem8{f, in[0].codes(), out, make([]gemm8.Call, len(scratch)), make([]requant8.Call, len(scratch))}
	for i, s := range scratch {
		sums := f.copied() + f.sums()
		t.sum[i] = gemm8.Call{
			Matrix: operand.Matrix[uint8]{X: words[uint8](s[:f.copied()]), Pad: f.pad, Taps: f.taps, Depth: f.in,
				Offset: f.offset, Rows: f.pixels(), Image: f.copied() * 8},
			W: f.weights[0], N1: f.out, LD: f.out,
			Acc: words[int32](s[f.copied():sums]), Work: s[sums:],
		}
		if f.rules != nil {
			t.sum[i].Rule = f.rules[0]
		}
		t.code[i] = f.finish.call(f.out)
		t.code[i].N = f.out
	}
	return pieces{f.inShape[0] * f.pieces, t}
}

type taskStem8 struct {
	fixedStem8
	x    []uint8
	out  memory
	sum  []gemm8.Call
	code []requant8.Call
}

func (t *taskStem8) Do(worker, i int) {
	image, first := i/t.pieces, i%t.pieces*t.rows
	rows := min(t.rows, t.outShape[2]-first)
	s := &t.sum[worker]
	t.copy(s.X, image, first*t.slide.stride[0]-t.slide.padding[0])
	s.M1 = rows * t.outShape[3]
	m0 := (image*t.outShape[2] + first) * t.outShape[3]
	if t.rules != nil {
		s.Out = t.out.codes()[m0*s.LD:]
		t.k.RunCodes(s)
		return
	}
	t.k.Run(s)
	c := &t.code[worker]
	c.Acc, c.M = s.Acc, s.M1
	t.finish.run(c, t.out, m0)
}

// copy writes the input rows from top on, with their padding.
func (t *taskStem8) copy(to []uint8, image, top int) {
	height, size := t.inShape[2], t.inShape[3]*t.channels
	left := t.slide.padding[1] * t.channels
	for y := top; y < top+t.lines; y++ {
		copy(to, t.line)
		if y >= 0 && y < height {
			copy(to[left:], t.x[(image*height+y)*size:][:size])
		}
		to = to[len(t.line):]
	}
}
