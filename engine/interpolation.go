package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// interpolation is bilinear: it blends two lines, each contiguous in memory, and then
// neighbouring pixels of the blended line.
type interpolation struct {
	op.Resize
	k *elementwise32.Kernel
}

func blendKernel(t target) *elementwise32.Kernel {
	return elementwise32.Select(elementwise32.Table, elementwise32.Blend, t.cpu)
}

func newInterpolation(r op.Resize, t target) interpolation { return interpolation{r, blendKernel(t)} }

func (o interpolation) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o interpolation) fix(in, outs []desc, threads int) (fixed, error) {
	x, y := in[0].Shape, outs[0].Shape
	var taps [2][][]op.Tap
	for axis := range taps {
		for i := range y[2+axis] {
			taps[axis] = append(taps[axis], o.Taps(axis, i, x[2+axis], y[2+axis]))
		}
	}
	return fixInterpolation(o.k, x, y, taps, threads), nil
}

// general is an interpolation of any axes: bilinear for those of images, else evaluated.
type general struct {
	op   op.Interpolate
	node *graph.Node
	k    *elementwise32.Kernel
	rest evaluation
}

func (general) packsParameters() {}

func (o general) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o general) fix(in, outs []desc, threads int) (fixed, error) {
	facts, next := make([]graph.Fact, len(o.node.Inputs)), 0
	for i, v := range o.node.Inputs {
		if facts[i] = (graph.Fact{Type: v.Type, Data: v.Data}); v.Role != graph.Parameter {
			facts[i] = graph.Fact{Type: in[next].Type, Data: in[next].known}
			next++
		}
	}
	taps, ok, err := o.op.Images(facts)
	if err != nil {
		return nil, err
	}
	if !ok {
		return o.rest.fix(in, outs, threads)
	}
	return fixInterpolation(o.k, in[0].Shape, outs[0].Shape, taps, threads), nil
}

// neighbours are the two pixels, or lines, that one is blended of.
type neighbours struct {
	a, b           int
	shareA, shareB float32
}

// neighboursOf are those of pixels or lines with two taps, at offsets in units of so many
// numbers.
func neighboursOf(taps [][]op.Tap, numbers int) []neighbours {
	list := make([]neighbours, len(taps))
	for i, t := range taps {
		list[i] = neighbours{t[0].At * numbers, t[1].At * numbers, float32(t[0].Share), float32(t[1].Share)}
	}
	return list
}

func fixInterpolation(k *elementwise32.Kernel, x, y tensor.Shape, taps [2][][]op.Tap, threads int) fixedInterpolation {
	f := fixedInterpolation{k: k, channels: x[1], in: x[3] * x[1], out: y[3] * x[1], height: x[2]}
	f.down, f.across = neighboursOf(taps[0], 1), neighboursOf(taps[1], x[1])
	const slow = 4 // times as slow, per element, as an element-wise kernel
	f.runs = splitRuns(y[0]*y[2], divUp(shortest/slow, max(1, f.out)), threads)
	return f
}

type fixedInterpolation struct {
	k                         *elementwise32.Kernel
	runs                          // of lines of the result
	channels, in, out, height int // numbers of a pixel, of a line of the operand and of the result; lines of an image
	down, across              []neighbours
}

func (fixedInterpolation) macs() int64    { return 0 }
func (f fixedInterpolation) scratch() int { return divUp(f.in, 2) }

func (f fixedInterpolation) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskInterpolation{f, in[0].reals(), outs[0].reals(), make([]interpolationWorker, len(scratch))}
	for i, s := range scratch {
		t.workers[i].line = words[float32](s)[:f.in]
	}
	return pieces{f.count, t}
}

type interpolationWorker struct {
	line []float32 // between two of the operand
	call elementwise32.Call
}

type taskInterpolation struct {
	fixedInterpolation
	x, y    []float32
	workers []interpolationWorker
}

func (t *taskInterpolation) Do(worker, i int) {
	w := &t.workers[worker]
	for l, end := t.bounds(i); l < end; l++ {
		image, n := l/len(t.down)*t.height, t.down[l%len(t.down)]
		t.blend(&w.call, w.line, t.x[(image+n.a)*t.in:], t.x[(image+n.b)*t.in:], n)
		t.between(w, t.y[l*t.out:][:t.out])
	}
}

// between blends the pixels of the worker's line to a line of the result.
func (t *taskInterpolation) between(w *interpolationWorker, out []float32) {
	const few = 8 // numbers, too few for a call
	for _, n := range t.across {
		to, a, b := out[:t.channels], w.line[n.a:], w.line[n.b:]
		out = out[t.channels:]
		if len(to) >= few {
			t.blend(&w.call, to, a, b, n)
			continue
		}
		for c := range to {
			to[c] = float32(a[c]*n.shareA) + float32(b[c]*n.shareB)
		}
	}
}

func (t *taskInterpolation) blend(c *elementwise32.Call, to, a, b []float32, n neighbours) {
	c.Out, c.A, c.B, c.Lo, c.Hi = to, a, b, n.shareA, n.shareB
	t.k.Run(c)
}
