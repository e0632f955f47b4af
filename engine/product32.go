package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/quant"
)

// product32 is a convolution or a linear layer in float32.
type product32 struct {
	geometry
	k       *sgemm.Kernel
	weights []*sgemm.Weights // by group
	then    *adding
	pad     []float32
	lo, hi  float32
	narrow  bool // weights have 8 bits
}

func (o product32) with(a adding) operation {
	o.then = &a
	return o
}

// newProduct32 packs w, [O][tap][channel].
func newProduct32(n *graph.Node, g geometry, w []float32, act quant.Activation, t target) product32 {
	k := g.in * g.taps
	o := product32{geometry: g, pad: make([]float32, g.in), k: sgemm.Select(sgemm.Table, t.cpu)}
	o.lo, o.hi = clampOf(act)
	bias := biasOf(n)
	size := g.out * k
	for i := range g.groups {
		var b []float32
		if bias != nil {
			b = bias[i*g.out : (i+1)*g.out]
		}
		o.weights = append(o.weights, o.k.Pack(t.memory, w[i*size:(i+1)*size], g.out, k, b))
	}
	return o
}

func (o product32) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o product32) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	r := o.locate(in[0], out)
	e := r.extent(4)
	threads = threadsFor(e.time(o.k.Rate), threads)
	d := e.divide(o.k.Block, o.k.NR, threads, false)
	switch {
	case o.narrow:
		d = e.divideNarrow(o.k.MR, o.k.NR, threads)
	case threads == 1:
		d.even(o.k.MR)
	}
	return fixedProduct32{o, r, d}, nil
}

type fixedProduct32 struct {
	product32
	operandRows
	division
}

func (f fixedProduct32) macs() int64 { return f.operandRows.macs() }

func (f fixedProduct32) scratch() int {
	return divUp(f.work()+f.panel(), 2)
}

func (f fixedProduct32) work() int { return f.k.Work(f.division.rows, f.product32.in*f.product32.taps) }

// panel is the number of float32 that a panel of weights of 8 bits becomes.
func (f fixedProduct32) panel() int {
	if !f.narrow {
		return 0
	}
	return f.k.Panel(f.product32.in)
}

func (f fixedProduct32) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskProduct32{f, out.reals(), make([]sgemm.Call, len(scratch)), f.then.bind(in, out, len(scratch))}
	g := f.operandRows
	for i := range scratch {
		t.calls[i] = sgemm.Call{
			Matrix: matrixOf(&g, g.in, in[0].reals(), f.pad),
			Lo:     f.lo, Hi: f.hi, LD: g.groups * g.out, Work: words[float32](scratch[i]),
			Panel: words[float32](scratch[i])[f.work():][:f.panel()],
		}
	}
	return pieces{f.count(), t}
}

type taskProduct32 struct {
	fixedProduct32
	out   []float32
	calls []sgemm.Call
	then  *addition
}

func (t *taskProduct32) Do(worker, i int) {
	c := &t.calls[worker]
	var group int
	group, c.M0, c.M1, c.N0, c.N1 = t.piece(i)
	c.W, c.Base = t.weights[group], group*c.Depth
	c.Out = t.out[group*t.n:]
	t.k.Run(c)
	t.then.block(worker, c.M0, c.M1, group*t.n+c.N0, group*t.n+c.N1, t.division.groups*t.n)
}
