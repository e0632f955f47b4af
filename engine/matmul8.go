package engine

import (
	"bytes"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// lowerMatMul8 is lowerMatMul for codes.
func lowerMatMul8(n *graph.Node, constant bool, t target) (operation, string, error) {
	a, b, out := n.Inputs[0].Type, n.Inputs[1].Type, n.Output().Type
	if !perTensor(a) || !perTensor(b) || !perTensor(out) {
		return nil, "quantized per channel", nil
	}
	if constant {
		return packMatMul8(n, t)
	}
	o := matmul8{k: gemm8.SelectComputed(gemm8.Table, t.cpu), zero: zeroIn(a), weightZero: int32(zeroIn(b)) - 128}
	rule, err := quant.NewLinearRequant(t.numerics, a.Q, b.Q, out.Q, out.DType, nil, quant.NoActivation, 1)
	if err != nil {
		return nil, "", err
	}
	o.finish = finish{k: requant8.Select(requant8.Table, false, t.cpu)}
	o.finish.follow(rule, out.DType)
	return o, "", nil
}

// packMatMul8 packs a right operand that is a matrix of parameters, as a linear layer's
// weight.
func packMatMul8(n *graph.Node, t target) (operation, string, error) {
	b := n.Inputs[1]
	codes, err := t.codes(b.Data)
	if err != nil {
		return nil, "", err
	}
	k, columns := b.Type.Shape[0], b.Type.Shape[1]
	weight := &graph.Value{Role: graph.Parameter, Type: graph.Type{DType: b.Type.DType, Q: b.Type.Q, Shape: tensor.Shape{columns, k}}}
	layer := &graph.Node{Inputs: []*graph.Value{n.Inputs[0], weight}, Outputs: n.Outputs}
	f, err := newFinish(layer, t, quant.NoActivation, true)
	if err != nil {
		return nil, "", err
	}
	g := geometry{groups: 1, in: k, out: columns, taps: 1}
	return matmulPacked8{linear8{newProduct8(layer, g, transposedMatrix(codes, k, columns), f, t)}}, "", nil
}

// matmulPacked8 is matmulPacked for codes.
type matmulPacked8 struct{ linear8 }

func (o matmulPacked8) with(a adding) operation { return matmulPacked8{o.linear8.with(a).(linear8)} }

// matmul8 is a product of matrices of codes. Its right operand is packed as signed weights,
// which have a zero point of their own.
type matmul8 struct {
	matrices
	k          *gemm8.Kernel
	finish     finish // of one column
	zero       uint8  // of the left operand
	weightZero int32
}

func (o matmul8) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o matmul8) fix(in, outs []desc, threads int) (fixed, error) {
	f := fixedMatMul8{matmul8: o, stack: newStack(in, outs[0], o.k.NR, o.k.Rate, 1, threads), element: outs[0].DType.Size()}
	f.block = min(f.m, o.k.Block)
	if o.finish.rule != nil {
		f.finish.rule = repeated(o.finish.rule, f.width)
	}
	if o.weightZero != 0 {
		f.finish.zeros = slices.Repeat([]int32{o.weightZero}, f.width)
		f.ones = o.k.Pack(nil, slices.Repeat([]int8{1}, f.depth), 1, 1, f.depth, o.zero)
	}
	if rule := f.finish.inRegisters(); rule != nil && o.k.PackRule != nil {
		f.rule = o.k.PackRule(&gemm8.Weights{N: f.width}, rule, 0)
	}
	return f, nil
}

// repeated is a rule of one channel for n of them.
func repeated(r *quant.Requant, n int) *quant.Requant {
	all := *r
	all.Mult, all.Bias, all.BiasInt = slices.Repeat(r.Mult, n), slices.Repeat(r.Bias, n), slices.Repeat(r.BiasInt, n)
	return &all
}

type fixedMatMul8 struct {
	matmul8
	stack
	block   int            // rows that are multiplied at a time
	ones    *gemm8.Weights // one column, where the right operand has a zero point
	rule    *gemm8.Rule    // nil where the kernel stores accumulators
	element int            // bytes of an element of the result
}

func (f fixedMatMul8) macs() int64 { return f.stack.macs() }

func (f fixedMatMul8) packed() int { return f.k.Size(f.width, f.depth) }

// accumulators is the number of words for the sums of the columns of the right operand, and
// then, in the same memory, for the accumulators of a block and the sums of its rows.
func (f fixedMatMul8) accumulators() int {
	if f.rule != nil {
		return divUp(f.width, 2)
	}
	return divUp(max(1, f.block)*(f.width+1), 2)
}

func (f fixedMatMul8) scratch() int {
	return f.packed() + f.accumulators() + f.k.Work(max(1, f.block), 1, f.depth)
}

func (f fixedMatMul8) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskMatMul8{fixedMatMul8: f, a: in[0].codes(), b: in[1].codes(), out: outs[0], workers: make([]matmulWorker8, len(scratch))}
	row := bytes.Repeat([]byte{1}, f.depth)
	for i, s := range scratch {
		accEnd := f.packed() + f.accumulators()
		x := operand.Matrix[uint8]{X: row, Pad: row, Taps: 1, Depth: f.depth, Stride: f.depth, Rows: 1}
		w := &t.workers[i]
		w.columns = gemm8.Call{Matrix: x, W: f.k.Place(s[:f.packed()], f.width, f.depth), M1: 1, Acc: words[int32](s[f.packed():accEnd]), Work: s[accEnd:]}
		w.sum = w.columns
		w.sum.Stride, w.sum.Rows, w.sum.Rule, w.sum.LD = f.rows.stride, f.m, f.rule, f.to.stride
		w.code = f.finish.call(f.to.stride)
	}
	return pieces{f.count(), t}
}

type taskMatMul8 struct {
	fixedMatMul8
	a, b    []uint8
	out     memory
	workers []matmulWorker8
}

// matmulWorker8 has the calls of one worker: columns sums the packed columns, as a product
// with a row of ones, and sum is the product itself.
type matmulWorker8 struct {
	columns, sum gemm8.Call
	code         requant8.Call
}

func (t *taskMatMul8) Do(worker, i int) {
	w := &t.workers[worker]
	at, first, n := t.piece(i)
	t.k.Fill(w.sum.W, gemm8.Right{X: t.b[t.right(at[1], first):], Stride: t.columns.stride, Transposed: t.columns.columns}, n, t.depth)
	w.sum.N1 = n
	t.start(&w.columns, n)
	w.sum.X = t.a[at[0]:]
	for m := 0; m < t.m; m += t.block {
		w.sum.M0, w.sum.M1 = m, min(m+t.block, t.m)
		t.rowsOf(w, t.out[(at[2]+first)*t.element:])
	}
}

// start sets the initial accumulators to what the left operand's zero point contributes:
// minus zero times the sum of each column.
func (t *taskMatMul8) start(c *gemm8.Call, n int) {
	if t.zero == 0 {
		return
	}
	c.N1 = n
	t.k.Run(c)
	for i, sum := range c.Acc[:n] {
		c.W.Init[i] = -int32(t.zero) * sum
	}
}

// rowsOf computes the rows of a worker's call, to a result that begins at out.
func (t *taskMatMul8) rowsOf(w *matmulWorker8, out memory) {
	s, c := &w.sum, &w.code
	if t.rule != nil {
		s.Out = out.codes()[s.M0*s.LD:]
		t.k.RunCodes(s)
		return
	}
	t.k.Run(s)
	c.Acc, c.M, c.N = s.Acc, s.M1-s.M0, s.N1
	if t.ones != nil {
		t.finish.centre(c, rowSums(t.k, t.ones, s))
	}
	t.finish.run(c, out, s.M0)
}
