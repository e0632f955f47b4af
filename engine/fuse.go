package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/op"
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

// fuse returns the list of lowered nodes for runs of which nobody sees the nodes'
// own results: additions are left to the later one of their operands, and
// concatenations to the shuffle of their result, where nothing else uses that.
func fuse(g *graph.Graph, list []lowered) []lowered {
	inputs := len(g.Inputs)
	uses := map[*graph.Value]int{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			uses[v]++
		}
	}
	for _, v := range g.Outputs {
		uses[v] += 2
	}
	fused := append([]lowered(nil), list...)
	for j, l := range list {
		if s, ok := l.op.(shuffle); ok && l.inputs[0] >= inputs {
			fuseJoined(fused, j, s, l.inputs[0]-inputs, uses)
			continue
		}
		a, ok := newAdding(l)
		if !ok || l.inputs[0] == l.inputs[1] {
			continue
		}
		later, other := l.inputs[0], l.inputs[1]
		if a.second = other > later; a.second {
			later, other = other, later
		}
		i := later - inputs
		if i < 0 || uses[list[i].node.Output()] != 1 {
			continue
		}
		p, ok := list[i].op.(adder)
		if !ok {
			continue
		}
		fused[i].op = p.with(a)
		fused[i].inputs = append(append([]int(nil), list[i].inputs...), other)
		fused[i].gives = l.node.Output()
		fused[j] = lowered{node: l.node, op: identity{}, inputs: []int{later}, with: list[i].node.Name}
	}
	return fused
}

// fuseJoined lets shuffle j read the operands of the concatenation i, if it is one,
// and nothing else uses it.
func fuseJoined(fused []lowered, j int, s shuffle, i int, uses map[*graph.Value]int) {
	l := fused[i]
	c, ok := l.op.(cat)
	if !ok || uses[l.node.Output()] != 1 {
		return
	}
	o, ok := s.joining(c)
	if !ok {
		return
	}
	fused[j].op, fused[j].inputs = o, l.inputs
	fused[i] = lowered{node: l.node, op: identity{}, inputs: l.inputs[:1], gives: l.node.Inputs[0], with: fused[j].node.Name}
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
