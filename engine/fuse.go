package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// adding is a residual addition that the producer of one operand computes itself,
// on rows that it has just written, while they are in the first-level cache. In
// registers it would take as many instructions, for there the producer's codes
// have to be limited one by one before they are added.
type adding struct {
	k8    *elementwise8.Kernel
	call8 elementwise8.Call

	k32    *elementwise32.Kernel
	call32 elementwise32.Call

	second bool // the producer's result is the second operand
}

// adder is an operation that can add another value to its result.
type adder interface {
	// with returns the operation that does: it has one operand more.
	with(a adding) operation
}

// fuse returns the list of lowered nodes for runs whose intermediate results are not
// observed: additions are left to the later one of their operands, concatenations to the
// shuffle of their result, and attention to its last product, where nothing else uses what
// is in between.
func (p *Program) fuse() []lowered {
	f := fuser{uses: map[int]int{}, by: map[int]int{}, list: slices.Clone(p.lowered)}
	segment := 0
	for i, n := range p.g.Nodes {
		f.segment = append(f.segment, segment)
		if deferring(n) {
			segment++
		}
		for _, v := range n.Inputs {
			f.uses[p.number[v]]++
		}
		for _, v := range p.lowered[i].outputs {
			f.by[v] = i
		}
	}
	for _, v := range p.outputs {
		f.uses[v] += 2
	}
	for j, l := range p.lowered {
		if s, ok := l.op.(shuffle); ok {
			f.join(j, s, p.lowered)
		} else if a, ok := newAdding(l); ok {
			f.add(j, a, p.lowered)
		}
		f.attend(j)
	}
	return f.list
}

// settled returns list without those fusions, among the nodes from first to end, that the
// shapes do not allow: additions that would have to broadcast an operand, or are of single
// numbers, for which another rule may hold, and attention whose scores are enlarged.
func (p *Program) settled(list []lowered, facts map[*graph.Value]graph.Fact, first, end int) []lowered {
	shape := func(v int) tensor.Shape { return facts[p.values[v]].Shape }
	out := list
	for i := first; i < end; i++ {
		l := list[i]
		if l.takes == nil || p.fits(l, i, shape) {
			continue
		}
		if &out[0] == &list[0] {
			out = slices.Clone(list)
		}
		out[i] = p.lowered[i]
		for _, j := range l.takes {
			out[j] = p.lowered[j]
		}
	}
	return out
}

// fits reports whether shapes allow the fused node i.
func (p *Program) fits(l lowered, i int, shape func(v int) tensor.Shape) bool {
	if _, ok := l.op.(attention); ok {
		return p.attends(l, shape)
	}
	out := shape(l.outputs[0])
	return shape(l.inputs[len(l.inputs)-1]).Equal(out) && shape(p.lowered[i].outputs[0]).Equal(out) && out.Numel() != 1
}

// fuser fuses lowered nodes.
type fuser struct {
	list []lowered
	uses map[int]int // by number of value
	// segment is, by node, how many nodes before it may end a plan. Nodes that may be in
	// different plans are not fused.
	segment []int
	by      map[int]int // the node that computes a value
}

// add lets the producer of the later operand of the addition j, whose only use it is,
// add the other one.
func (f *fuser) add(j int, a adding, list []lowered) {
	l := list[j]
	later, other := l.inputs[0], l.inputs[1]
	if later == other {
		return
	}
	if a.second = f.node(other) > f.node(later); a.second {
		later, other = other, later
	}
	i := f.node(later)
	if i < 0 || f.uses[later] != 1 || f.segment[i] != f.segment[j] {
		return
	}
	o, ok := list[i].op.(adder)
	if !ok {
		return
	}
	f.list[i].op = o.with(a)
	f.list[i].inputs = append(slices.Clone(list[i].inputs), other)
	f.list[i].outputs, f.list[i].takes = l.outputs, []int{j}
	f.list[j] = lowered{node: l.node, outputs: l.outputs, with: list[i].node.Name}
}

// node is the index of the node that computes a value, -1 for inputs and parameters.
func (f *fuser) node(value int) int {
	if i, ok := f.by[value]; ok {
		return i
	}
	return -1
}

// join lets shuffle j read the operands of the concatenation that computes its input, if
// there is one and nothing else uses its result.
func (f *fuser) join(j int, s shuffle, list []lowered) {
	v := list[j].inputs[0]
	i := f.node(v)
	if i < 0 || f.uses[v] != 1 || f.segment[i] != f.segment[j] {
		return
	}
	c, ok := list[i].op.(cat)
	if !ok {
		return
	}
	o, ok := s.joining(c)
	if !ok {
		return
	}
	f.list[j].op, f.list[j].inputs = o, list[i].inputs
	f.list[i] = lowered{node: list[i].node, with: list[j].node.Name}
}

// newAdding returns the addition that l computes.
func newAdding(l lowered) (a adding, ok bool) {
	if _, add := l.node.Op.(op.Add); !add {
		return a, false
	}
	switch o := l.op.(type) {
	case pointwise8:
		return adding{k8: o.k, call8: o.call}, true
	case pointwise32:
		return adding{k32: o.k, call32: elementwise32.Call{Lo: o.lo, Hi: o.hi}}, true
	}
	return a, false
}

// addition is an adding for the values of one run.
type addition struct {
	adding
	other, out memory
	calls8     []elementwise8.Call // by worker
	calls32    []elementwise32.Call
}

// bind returns the addition of the last operand to out, or nil where there is none.
func (a *adding) bind(in []memory, out memory, workers int) *addition {
	if a == nil {
		return nil
	}
	b := &addition{adding: *a, other: in[len(in)-1], out: out}
	if a.k8 != nil {
		b.calls8 = make([]elementwise8.Call, workers)
		for i := range b.calls8 {
			b.calls8[i] = a.call8
		}
		return b
	}
	b.calls32 = make([]elementwise32.Call, workers)
	for i := range b.calls32 {
		b.calls32[i] = a.call32
	}
	return b
}

// block adds to columns n0 to n1 of rows m0 to m1, which have ld columns.
func (a *addition) block(worker, m0, m1, n0, n1, ld int) {
	if a == nil {
		return
	}
	if n0 == 0 && n1 == ld {
		a.run(worker, m0*ld, m1*ld)
		return
	}
	for m := m0; m < m1; m++ {
		a.run(worker, m*ld+n0, m*ld+n1)
	}
}

// run adds to the elements from from to to.
func (a *addition) run(worker, from, to int) {
	if a.k8 != nil {
		c := &a.calls8[worker]
		c.A, c.B = a.out.codes()[from:to], a.other.codes()[from:to]
		if c.Out = c.A; a.second {
			c.A, c.B = c.B, c.A
		}
		a.k8.Run(c)
		return
	}
	c := &a.calls32[worker]
	c.A, c.B = a.out.reals()[from:to], a.other.reals()[from:to]
	if c.Out = c.A; a.second {
		c.A, c.B = c.B, c.A
	}
	a.k32.Run(c)
}
