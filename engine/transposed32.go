package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/op"
)

// transposed32 is a transposed convolution in float32.
type transposed32 struct {
	stride   [2]int
	phases   []phase
	products []product32 // by phase
}

func lowerConvTranspose(n *graph.Node, c op.ConvTranspose2D, t target) (operation, string) {
	if reason := weightsReason(n, t); reason != "" {
		return nil, reason
	}
	w := n.Inputs[1].Data
	s := w.Shape()
	if c.Groups < 1 || s[0]%c.Groups != 0 {
		return nil, "" // Infer will say what is wrong
	}
	o := transposed32{stride: c.Stride, phases: phases(c, s)}
	for i := range o.phases {
		p := &o.phases[i]
		o.products = append(o.products, newProduct32(n, p.geometry, filters(p, w.Float32s(), s[2]*s[3]), c.Act, t))
	}
	return o, ""
}

func (transposed32) packsParameters() {}

func (o transposed32) kernel() (string, string) { return o.products[0].kernel() }

func (o transposed32) fix(in, outs []desc, _ int) (fixed, error) {
	f := fixedTransposed32{transposed32: o, in: in[0], out: outs[0]}
	for _, p := range o.phases {
		pieces := p.pieces(o.stride, in[0].Shape, outs[0].Shape)
		f.parts = append(f.parts, pieces)
		f.count += pieces.count
		f.block = max(f.block, pieces.pixels()*p.out)
	}
	return f, nil
}

type fixedTransposed32 struct {
	transposed32
	in, out desc
	parts   []phasePieces // by phase
	count   int           // pieces of all phases
	block   int           // numbers of the results of the largest piece
}

// macs counts a product for every input pixel and cell of a filter that it meets.
func (f fixedTransposed32) macs() int64 {
	n := int64(0)
	for i, p := range f.parts {
		n += int64(f.out.Shape[0]*p.height*p.width) * int64(len(p.cells)*p.in*p.out*f.phases[i].groups)
	}
	return n
}

// scratch is the block of results, then the kernel's own.
func (f fixedTransposed32) scratch() int {
	work := 0
	for i, p := range f.parts {
		o := f.products[i]
		work = max(work, o.k.Work(p.pixels(), o.in*o.taps))
	}
	return divUp(f.block, 2) + divUp(work, 2)
}

func (f fixedTransposed32) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskTransposed32{f, in[0].reals(), outs[0].reals(), make([]sgemm.Call, len(scratch))}
	for i, s := range scratch {
		block := divUp(f.block, 2)
		t.calls[i] = sgemm.Call{Lo: f.products[0].lo, Hi: f.products[0].hi, Out: words[float32](s[:block]), Work: words[float32](s[block:])}
	}
	return pieces{f.count, t}
}

type taskTransposed32 struct {
	fixedTransposed32
	x, y  []float32
	calls []sgemm.Call
}

func (t *taskTransposed32) Do(worker, i int) {
	phase := 0
	for i >= t.parts[phase].count {
		i -= t.parts[phase].count
		phase++
	}
	f, o, c := &t.parts[phase], &t.products[phase], &t.calls[worker]
	image, group, part, lines := f.piece(i)
	in, out := t.in.Shape[1:].Numel(), t.out.Shape[1:].Numel()
	c.X, c.Pad, c.Taps, c.Depth = t.x[image*in:][:in], o.pad, o.taps, o.in
	c.Offset, c.Rows, c.Image, c.Base = f.offset[part], lines*f.width, in, group*o.in
	c.W, c.M1, c.N1, c.LD = o.weights[group], lines*f.width, o.out, o.out
	t.products[phase].k.Run(c)
	spreadPixels(f, t.stride, t.y[image*out:][:out], c.Out, part*f.lines, lines, group, t.out.Shape[3])
}
