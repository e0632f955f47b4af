package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/quant"
)

// transposed32 is a transposed convolution in float32.
type transposed32 struct {
	transposed
	products []product32 // by phase
}

func newTransposed32(n *graph.Node, t transposed, act quant.Activation, to target) transposed32 {
	o, w := transposed32{transposed: t}, n.Inputs[1].Data
	for i := range o.phases {
		p := &o.phases[i]
		o.products = append(o.products, newProduct32(n, p.geometry, filters(p, w.Float32s(), w.Shape()[2:].Numel()), act, to))
	}
	return o
}

func (o transposed32) kernel() (string, string) { return o.products[0].kernel() }

func (o transposed32) fix(in, outs []desc, _ int) (fixed, error) {
	return &fixedTransposed32{o.fixed(in[0], outs[0]), o.products}, nil
}

type fixedTransposed32 struct {
	fixedTransposed
	products []product32
}

// scratch is the block of results, then the kernel's own.
func (f *fixedTransposed32) scratch() int {
	work := 0
	for _, o := range f.products {
		work = max(work, o.k.Work(f.pixels, o.in*o.taps))
	}
	return f.block() + divUp(work, 2)
}

func (f *fixedTransposed32) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskTransposed32{f, in[0].reals(), outs[0], make([]sgemm.Call, len(scratch)), scratch}
	for i, s := range scratch {
		t.calls[i] = sgemm.Call{Lo: f.products[0].lo, Hi: f.products[0].hi, LD: f.out.Shape[1], Work: words[float32](s[f.block():])}
	}
	return pieces{f.count, t}
}

type taskTransposed32 struct {
	*fixedTransposed32
	x       []float32
	y       memory
	calls   []sgemm.Call
	scratch [][]uint64
}

func (t *taskTransposed32) Do(worker, i int) {
	p := t.piece(i)
	o, c, in := &t.products[p.index], &t.calls[worker], t.in.Shape[1:].Numel()
	c.X, c.Pad, c.Taps, c.Depth = t.x[p.image*in:][:in], o.pad, o.taps, o.in
	c.Offset, c.Rows, c.Image, c.Base = p.offset, p.pixels(), in, p.group*o.in
	c.W, c.M1, c.N1 = o.weights[p.group], p.pixels(), o.out
	block := words[byte](t.scratch[worker][:t.block()])
	c.Out = memory(block).reals()[p.group*o.out:]
	o.k.Run(c)
	t.scatter(&p, block, t.y)
}
