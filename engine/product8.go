package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/operand"
)

// product8 is a convolution or a linear layer on codes: exact accumulators by gemm8, which
// it requantizes in registers, or else package requant8 in the cache.
type product8 struct {
	geometry
	k       *gemm8.Kernel
	weights []*gemm8.Weights // by group
	rules   []*gemm8.Rule    // by group; nil where the kernel stores accumulators
	ones    *gemm8.Weights   // one column, where weights have zero points
	finish  finish
	then    *adding
	pad     []uint8
}

func (o product8) with(a adding) operation {
	o.then = &a
	return o
}

// leastWide is a zero point beyond which codes are expected to take all of 0..255: that of values
// of both signs is about 128, or 64 after calibration with reduce_range.
const leastWide = 95

// newProduct8 packs w, [O][tap][channel].
func newProduct8(n *graph.Node, g geometry, w []int8, f finish, t target) product8 {
	k := g.in * g.taps
	shape := gemm8.Shape{N: g.out, K: k, Weights: w, Wide: t.wide || zeroOf(n) > leastWide}
	if (g.slide != sliding{}) && !g.pointwise() {
		shape.Gathered = g.taps
	}
	o := product8{geometry: g, finish: f, pad: fill8(max(1, g.in), zeroOf(n)), k: gemm8.Select(gemm8.Table, shape, t.cpu)}
	if f.zeros != nil {
		o.ones = o.k.Pack(nil, f.ones, 1, g.taps, g.in, o.pad[0])
	}
	rule := f.inRegisters()
	size := g.out * k
	for i := range g.groups {
		packed := o.k.Pack(t.memory, w[i*size:(i+1)*size], g.out, g.taps, g.in, o.pad[0])
		o.weights = append(o.weights, packed)
		if rule != nil && o.k.PackRule != nil {
			o.rules = append(o.rules, o.k.PackRule(packed, rule, i*g.out))
		}
	}
	return o
}

func (o product8) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o product8) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	if o.gathering(out) {
		return o.fixGather(in[0], out, threads), nil
	}
	r := o.locate(in[0], out)
	e := r.extent(1)
	d := e.divide(o.k.Block, o.k.NR, threadsFor(e.time(o.k.Rate), threads), o.rules == nil)
	f := fixedProduct8{product8: o, operandRows: r, division: d}
	if o.k.Lines && !slices.ContainsFunc(r.offset, func(off int32) bool { return off < 0 }) {
		f.step = o.slide.Stride[1] * r.stride
		f.ends = operand.Runs(r.offset, r.taps, f.step)
	}
	return f, nil
}

type fixedProduct8 struct {
	product8
	operandRows
	division
	ends []int32 // of runs, without padding
	step int
}

func (f fixedProduct8) macs() int64 { return f.operandRows.macs() }

// scratch is the block of accumulators, if there is one, then the kernel's own scratch.
func (f fixedProduct8) scratch() int {
	return f.accumulators() + f.k.Work(f.division.rows, f.product8.taps, f.product8.in)
}

func (f fixedProduct8) accumulators() int { return f.product8.accumulators(f.division.rows, f.cols) }

func (f fixedProduct8) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskProduct8{f, f.workers(in, out, len(scratch))}
	g := f.operandRows
	for i := range scratch {
		t.sum[i] = gemm8.Call{
			Matrix: matrixOf(&g, g.in, in[0].codes(), f.pad), Ends: f.ends, Step: f.step,
			Acc: words[int32](scratch[i][:f.accumulators()]), Work: scratch[i][f.accumulators():], LD: g.groups * g.out,
		}
	}
	return pieces{f.count(), t}
}

type taskProduct8 struct {
	fixedProduct8
	workers8
}

func (t *taskProduct8) Do(worker, i int) {
	group, m0, m1, n0, n1 := t.piece(i)
	t.product(worker, group, m0, m1, n0, n1)
	t.then.block(worker, m0, m1, group*t.n+n0, group*t.n+n1, t.division.groups*t.n)
}

func (t *taskProduct8) product(worker, group, m0, m1, n0, n1 int) {
	s := &t.sum[worker]
	s.Base = group * s.Depth
	s.M0, s.M1, s.N0, s.N1 = m0, m1, n0, n1
	t.run(&t.workers8, worker, group, m0)
}

// accumulators is the number of words of the accumulators of a piece, and of the sums of its
// rows behind them; 0 where the kernel requantizes in registers.
func (o *product8) accumulators(rows, columns int) int {
	switch {
	case o.rules != nil:
		return 0
	case o.ones != nil:
		columns++
	}
	return divUp(rows*columns, 2)
}

// workers8 has the calls of a product8, by worker, and the memory of the result.
type workers8 struct {
	out  memory
	sum  []gemm8.Call
	code []requant8.Call
	then *addition
}

// workers makes n of them; their products are still to be described.
func (o *product8) workers(in []memory, out memory, n int) workers8 {
	w := workers8{out, make([]gemm8.Call, n), make([]requant8.Call, n), o.then.bind(in, out, n)}
	for i := range w.code {
		w.code[i] = o.finish.call(o.groups * o.out)
	}
	return w
}

// run computes the rows and columns of a worker's product in a group, into the result from
// row at on.
func (o *product8) run(w *workers8, worker, group, at int) {
	s, c := &w.sum[worker], &w.code[worker]
	first := group*o.out + s.N0
	s.W = o.weights[group]
	if o.rules != nil {
		s.Rule, s.Out = o.rules[group], w.out.codes()[at*s.LD+first:]
		o.k.RunCodes(s)
		return
	}
	o.k.Run(s)
	c.Acc, c.M, c.N, c.First = s.Acc, s.M1-s.M0, s.N1-s.N0, first
	if o.ones != nil {
		sums := rowSums(o.k, o.ones, s)
		o.finish.rows.centre(sums[:c.M], at)
		o.finish.centre(c, sums)
	}
	o.finish.run(c, w.out, at)
}

// rowSums sums the rows of a call, as a product with a column of ones, into memory behind
// its accumulators.
func rowSums(k *gemm8.Kernel, ones *gemm8.Weights, s *gemm8.Call) []int32 {
	w, acc, n0, n1 := s.W, s.Acc, s.N0, s.N1
	rows := acc[(s.M1-s.M0)*(n1-n0):]
	s.W, s.Acc, s.N0, s.N1 = ones, rows, 0, 1
	k.Run(s)
	s.W, s.Acc, s.N0, s.N1 = w, acc, n0, n1
	return rows
}
