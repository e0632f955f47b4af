package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/operand"
)

// transposed8 is a transposed convolution on codes.
type transposed8 struct {
	transposed
	products []product8 // by phase
}

func newTransposed8(n *graph.Node, t transposed, f finish, to target) transposed8 {
	o, w := transposed8{transposed: t}, n.Inputs[1].Data
	for i := range o.phases {
		p := &o.phases[i]
		o.products = append(o.products, newProduct8(n, p.geometry, filters(p, w.Int8s(), w.Shape()[2:].Numel()), f, to))
	}
	return o
}

func (o transposed8) kernel() (string, string) { return o.products[0].kernel() }

func (o transposed8) fix(in, outs []desc, _ int) (fixed, error) {
	return &fixedTransposed8{o.fixed(in[0], outs[0]), o.products}, nil
}

type fixedTransposed8 struct {
	fixedTransposed
	products []product8
}

// columns is the number of columns that a product computes at once.
func (f *fixedTransposed8) columns(o *product8) int {
	if o.rules != nil {
		return o.out
	}
	return min(o.out, roundUp(widest, o.k.NR))
}

// accumulators is the number of words of the accumulators of a piece.
func (f *fixedTransposed8) accumulators() int {
	words := 0
	for i := range f.products {
		o := &f.products[i]
		words = max(words, o.accumulators(f.pixels, f.columns(o)))
	}
	return words
}

// scratch is the block of results, then the accumulators, then the kernel's own.
func (f *fixedTransposed8) scratch() int {
	work := 0
	for _, o := range f.products {
		work = max(work, o.k.Work(f.pixels, o.taps, o.in))
	}
	return f.block() + f.accumulators() + work
}

func (f *fixedTransposed8) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskTransposed8{fixedTransposed8: f, x: in[0].codes(), y: outs[0]}
	for _, s := range scratch {
		block, accEnd := f.block(), f.block()+f.accumulators()
		w := f.products[0].workers(in, words[byte](s[:block]), 1)
		w.sum[0] = gemm8.Call{Acc: words[int32](s[block:accEnd]), Work: s[accEnd:], LD: f.out.Shape[1]}
		t.workers = append(t.workers, w)
	}
	return pieces{f.count, t}
}

type taskTransposed8 struct {
	*fixedTransposed8
	x       []uint8
	y       memory
	workers []workers8
}

func (t *taskTransposed8) Do(worker, i int) {
	p := t.piece(i)
	o, w, in := &t.products[p.index], &t.workers[worker], t.in.Shape[1:].Numel()
	s := &w.sum[0]
	s.Matrix = operand.Matrix[uint8]{
		X: t.x[p.image*in:][:in], Pad: o.pad, Taps: o.taps, Depth: o.in,
		Offset: p.offset, Rows: p.pixels(), Image: in, Base: p.group * o.in,
	}
	s.M1 = p.pixels()
	for n := 0; n < o.out; n += t.columns(o) {
		s.N0, s.N1 = n, min(n+t.columns(o), o.out)
		o.run(w, 0, p.group, 0)
	}
	t.scatter(&p, w.out, t.y)
}
