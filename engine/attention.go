package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/rows32"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/tensor"
)

// attention is a product of matrices, functions of its elements, softmax of its rows and
// another product, so many rows at a time that the scores stay in the cache: they are never
// written as a whole. Each step is computed as without this, so the bits are the same.
//
// Its operands are both of the first product, the right one of the second, and then those of
// the functions.
type attention struct {
	matrices
	gemm      *sgemm.Kernel
	functions []scoring
	softmax   *rows32.Kernel
	axis      int // of softmax
}

// scoring is what is done to the scores before softmax: stages, or a function of them and an
// operand that is broadcast to them.
type scoring struct {
	stages []stage
	k      *elementwise32.Kernel
	lo, hi float32
	second bool // the scores are the second operand
}

// mostScoring bounds the functions between a product and softmax.
const mostScoring = 8

// scoreBytes is about the size of the scores of the rows that are computed at a time.
const scoreBytes = 64 << 10

// attend lets the product j compute its left operand, if that is the softmax of scores that
// nothing else uses.
func (f *fuser) attend(j int) {
	l := f.list[j]
	o, ok := l.op.(matmul)
	if !ok {
		return
	}
	i := f.only(l.inputs[0], j)
	if i < 0 {
		return
	}
	s, ok := f.list[i].op.(rows)
	if !ok || s.k.Function != rows32.Softmax {
		return
	}
	a := attention{gemm: o.k, softmax: s.k, axis: s.axis}
	taken, inputs := []int{i}, []int{0, 0, l.inputs[1]}
	if !f.scores(&a, &taken, &inputs, f.list[i].inputs[0], j) {
		return
	}
	f.list[j].op, f.list[j].inputs, f.list[j].takes = a, inputs, taken
	for _, i := range taken {
		f.list[i] = lowered{node: f.list[i].node, with: l.node.Name}
	}
}

// only is the node that computes value v, if only node j of the same segment uses it, else -1.
func (f *fuser) only(v, j int) int {
	i := f.node(v)
	if i < 0 || f.uses[v] != 1 || f.segment[i] != f.segment[j] {
		return -1
	}
	return i
}

// scores adds to a, from the last to the first, what computes value v out of a product, and
// the nodes and operands of that. It reports whether there is such a product.
func (f *fuser) scores(a *attention, taken, inputs *[]int, v, j int) bool {
	i := f.only(v, j)
	if i < 0 || len(a.functions) > mostScoring {
		return false
	}
	l := f.list[i]
	nodes, operands, functions := *taken, *inputs, a.functions
	*taken = append(nodes, i)
	switch o := l.op.(type) {
	case matmul:
		(*inputs)[0], (*inputs)[1] = l.inputs[0], l.inputs[1]
		return true
	case chain:
		a.functions = append(functions, scoring{stages: o.stages})
		return f.scores(a, taken, inputs, l.inputs[0], j)
	case pointwise32:
		if len(l.inputs) == 1 {
			a.functions = append(functions, scoring{stages: []stage{{k: o.k, call: elementwise32.Call{Lo: o.lo, Hi: o.hi}}}})
			return f.scores(a, taken, inputs, l.inputs[0], j)
		}
		for at, v := range l.inputs {
			*taken, *inputs = append(nodes, i), append(operands, l.inputs[1-at])
			a.functions = append(functions, scoring{k: o.k, lo: o.lo, hi: o.hi, second: at == 1})
			if f.scores(a, taken, inputs, v, j) {
				return true
			}
		}
	}
	*taken, *inputs, a.functions = nodes, operands, functions
	return false
}

// attends reports whether the attention l is what its nodes compute for these shapes: no
// operand may enlarge the scores, and softmax must be of their rows.
func (p *Program) attends(l lowered, shape func(v int) tensor.Shape) bool {
	a := l.op.(attention)
	out := shape(l.outputs[0])
	scores := shape(p.lowered[l.takes[0]].outputs[0])
	rank := len(scores)
	if rank != len(out) || out.Numel() == 0 || scores.Numel() == 0 || !scores[:rank-1].Equal(out[:rank-1]) || axisOf(a.axis, rank) != rank-1 {
		return false
	}
	for _, j := range l.takes {
		if !shape(p.lowered[j].outputs[0]).Equal(scores) {
			return false
		}
	}
	return true
}

func (o attention) kernel() (string, string) { return o.gemm.Name, o.gemm.ISA }

func (o attention) wishes(in, _ []desc) []order { return make([]order, len(in)) }

// orders are those of both products; operands of functions have any order.
func (o attention) orders(in, out []desc) (need, give []order) {
	first, _ := o.matrices.orders(in[:2], out)
	second, give := o.matrices.orders(in[1:3], out)
	need = append(first, second[1])
	for _, d := range in[3:] {
		need = append(need, d.order)
	}
	return need, give
}

func (o attention) fix(in, outs []desc, threads int) (fixed, error) {
	q, k, out := in[0], in[1], outs[0]
	rank := len(out.Shape)
	scores := desc{Type: graph.Type{DType: tensor.Float32, Shape: out.Shape.Clone()}}
	scores.Shape[rank-1] = k.Shape[len(k.Shape)-1]
	f := fixedAttention{attention: o, first: newLayout([]desc{q, k}, scores), second: newLayout([]desc{scores, in[2]}, out)}
	for _, d := range in[3:] {
		f.operands = append(f.operands, along(d, scores.Shape))
	}
	f.lead = scores.Shape[:rank-2]
	m, n := f.first.m, f.first.n
	f.rows = min(m, o.gemm.MR*max(1, scoreBytes/(4*n*o.gemm.MR)))
	f.parts = 1
	if few := divUp(4*threadsFor(int(f.macs())/o.gemm.Rate, threads), f.first.batches); threads > 1 {
		f.parts = min(few, divUp(m, f.rows))
	}
	f.span = roundUp(divUp(m, f.parts), f.rows)
	return f, nil
}

type fixedAttention struct {
	attention
	first, second stack
	operands      [][]int // of the functions: the strides along the axes of the scores
	lead          tensor.Shape
	rows          int // that are computed at a time
	parts, span   int // pieces of a batch, and the rows of one
}

func (f fixedAttention) macs() int64 { return f.first.macs() + f.second.macs() }

// sizes are the numbers of scratch memory: of the scores, of both packed right operands, of
// an operand that is expanded to a row, and of the kernel's own.
func (f fixedAttention) sizes() [5]int {
	n, depth := f.first.n, f.first.depth
	return [5]int{f.rows * n, f.gemm.Size(n, depth), f.gemm.Size(f.second.n, n), n, max(f.gemm.Work(f.rows, depth), f.gemm.Work(f.rows, n))}
}

func (f fixedAttention) scratch() int {
	words := 0
	for _, n := range f.sizes() {
		words += divUp(n, 2)
	}
	return words
}

func (f fixedAttention) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskAttention{fixedAttention: f, q: in[0].reals(), k: in[1].reals(), v: in[2].reals(), out: outs[0].reals(), workers: make([]attentionWorker, len(scratch))}
	for _, m := range in[3:] {
		t.with = append(t.with, m.reals())
	}
	n, depth := f.first.n, f.first.depth
	pad := make([]float32, max(n, depth))
	for i, s := range scratch {
		var parts [5][]float32
		for j, size := range f.sizes() {
			parts[j], s = words[float32](s[:divUp(size, 2)])[:size], s[divUp(size, 2):]
		}
		w := &t.workers[i]
		w.scores, w.row = parts[0], parts[3]
		call := func(w *sgemm.Weights, depth, stride, ld int) sgemm.Call {
			return sgemm.Call{Matrix: operand.Matrix[float32]{Pad: pad, Taps: 1, Depth: depth, Stride: stride, Rows: f.rows},
				W: w, N1: w.N, Lo: -inf, Hi: inf, LD: ld, Work: parts[4]}
		}
		w.first = call(t.gemm.Place(parts[1], n, depth), depth, f.first.rows.stride, n)
		w.second = call(t.gemm.Place(parts[2], f.second.n, n), n, n, f.second.to.stride)
		w.softmax.N = n
	}
	return pieces{f.first.batches * f.parts, t}
}

type taskAttention struct {
	fixedAttention
	q, k, v, out []float32
	with         [][]float32 // the operands of the functions
	workers      []attentionWorker
}

type attentionWorker struct {
	first, second sgemm.Call
	softmax       rows32.Call
	function      elementwise32.Call
	scores, row   []float32
}

// Do computes a part of the rows of a batch.
func (t *taskAttention) Do(worker, i int) {
	w := &t.workers[worker]
	batch, m0 := i/t.parts, i%t.parts*t.span
	first, second := t.first.offsets[batch], t.second.offsets[batch]
	n := t.first.n
	t.gemm.Fill(w.first.W, sgemm.Right{X: t.k[first[1]:], Stride: t.first.columns.stride, Transposed: t.first.columns.columns}, n, t.first.depth)
	t.gemm.Fill(w.second.W, sgemm.Right{X: t.v[second[1]:], Stride: t.second.columns.stride, Transposed: t.second.columns.columns}, t.second.n, n)
	for m, end := m0, min(m0+t.span, t.first.m); m < end; m += t.rows {
		rows := min(t.rows, end-m)
		scores := w.scores[:rows*n]
		w.first.X, w.first.M1, w.first.Out = t.q[first[0]+m*t.first.rows.stride:], rows, scores
		t.gemm.Run(&w.first)
		t.apply(w, scores, batch, m)
		w.softmax.X, w.softmax.Out = scores, scores
		t.softmax.Run(&w.softmax)
		w.second.X, w.second.M1, w.second.Out = scores, rows, t.out[second[2]+m*t.second.to.stride:]
		t.gemm.Run(&w.second)
	}
}

// apply computes the functions of the scores of a batch from row m on. They are listed from
// the last to the first, as their operands are.
func (t *taskAttention) apply(w *attentionWorker, scores []float32, batch, m int) {
	at := len(t.with)
	for i := len(t.functions) - 1; i >= 0; i-- {
		f := &t.functions[i]
		for x := scores; f.k == nil && len(x) > 0; {
			part := x[:min(len(x), expandElements)]
			for j := range f.stages {
				f.stages[j].run(&w.function, part, part)
			}
			x = x[len(part):]
		}
		if f.k == nil {
			continue
		}
		if at--; i == 0 && t.addsNothing(w, at, batch, m) {
			continue
		}
		w.function = elementwise32.Call{Lo: f.lo, Hi: f.hi}
		for n, row := t.first.n, 0; row*n < len(scores); row++ {
			x := scores[row*n:][:n]
			w.function.A, w.function.B, w.function.Out = x, t.operandRow(w, at, batch, m+row), x
			if f.second {
				w.function.A, w.function.B = w.function.B, w.function.A
			}
			f.k.Run(&w.function)
		}
	}
}

// addsNothing reports whether the last function adds one row of zeros to all rows of the scores, as a
// mask does where there is no padding. Without it softmax is the same: at most the sign of a zero
// differs.
func (t *taskAttention) addsNothing(w *attentionWorker, operand, batch, m int) bool {
	f, strides := &t.functions[0], t.operands[operand]
	if f.k.Function != elementwise32.Add || f.lo != -inf || f.hi != inf || strides[len(strides)-2] != 0 {
		return false
	}
	return !slices.ContainsFunc(t.operandRow(w, operand, batch, m), func(v float32) bool { return v != 0 })
}

// operandRow is an operand of a function for one row of the scores.
func (t *taskAttention) operandRow(w *attentionWorker, operand, batch, m int) []float32 {
	strides, x := t.operands[operand], t.with[operand]
	rank := len(strides)
	at := m * strides[rank-2]
	for axis := rank - 3; axis >= 0; axis-- {
		at += batch % t.lead[axis] * strides[axis]
		batch /= t.lead[axis]
	}
	stride := strides[rank-1]
	if stride == 1 {
		return x[at:][:len(w.row)]
	}
	for i := range w.row {
		w.row[i] = x[at+i*stride]
	}
	return w.row
}
