package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
)

// stem32 is a convolution of few channels in float32 over a copy of lines.
type stem32 struct {
	product32     // over rows of the window
	channels  int // of a pixel
}

// newStem32 packs w, [O][ky][kx][channel].
func newStem32(n *graph.Node, g geometry, w []float32, act quant.Activation, t target) operation {
	rows := g
	rows.in, rows.taps = g.slide.Kernel[1]*g.in, g.slide.Kernel[0]
	return stem32{newProduct32(n, rows, w, act, t), g.in}
}

func (o stem32) with(a adding) operation {
	o.then = &a
	return o
}

func (o stem32) fix(in, outs []desc, _ int) (fixed, error) {
	out := outs[0]
	l := newLines(o.geometry, o.channels, 1, in[0], out, divUp(stemPixels, out.Shape[3]))
	return fixedStem32{o, l, make([]float32, l.length)}, nil
}

type fixedStem32 struct {
	stem32
	lines
	line []float32 // of padding
}

func (f fixedStem32) macs() int64 {
	return int64(f.lines.out.Numel()) * int64(f.product32.taps*f.product32.in)
}

// copied is the number of words of the copy.
func (f fixedStem32) copied() int { return divUp(f.size(), 2) }

func (f fixedStem32) scratch() int {
	return f.copied() + divUp(f.k.Work(f.pixels(), f.product32.in*f.product32.taps), 2)
}

func (f fixedStem32) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskStem32{f, in[0].reals(), out.reals(), make([]sgemm.Call, len(scratch)), f.then.bind(in, out, len(scratch))}
	for i, s := range scratch {
		t.calls[i] = sgemm.Call{
			Matrix: operand.Matrix[float32]{X: words[float32](s[:f.copied()]), Pad: f.pad, Taps: f.product32.taps, Depth: f.product32.in,
				Offset: f.offset, Rows: f.pixels(), Image: f.size()},
			W: f.weights[0], N1: f.product32.out, Lo: f.lo, Hi: f.hi, LD: f.product32.out, Work: words[float32](s[f.copied():]),
		}
	}
	return pieces{f.lines.in[0] * f.lines.pieces, t}
}

type taskStem32 struct {
	fixedStem32
	x, out []float32
	calls  []sgemm.Call
	then   *addition
}

func (t *taskStem32) Do(worker, i int) {
	image, first, rows, m0 := t.piece(i)
	c := &t.calls[worker]
	copyLines(&t.lines, c.X, t.x, t.line, image, first, rows)
	c.M1 = rows * t.lines.out[3]
	c.Out = t.out[m0*c.LD:]
	t.k.Run(c)
	t.then.block(worker, m0, m0+c.M1, 0, c.LD, c.LD)
}
