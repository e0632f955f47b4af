package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// shortest is the least number of elements worth a piece of their own.
const shortest = 8192

// pointwise8 applies a function to the codes of one or two operands. call holds
// the function's table or constants.
type pointwise8 struct {
	k    *elementwise8.Kernel
	call elementwise8.Call
}

func (o pointwise8) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o pointwise8) fix(in []graph.Type, out graph.Type, threads int) (fixed, error) {
	return fixedPointwise8{o, newBroadcast(in, out, threads)}, nil
}

type fixedPointwise8 struct {
	pointwise8
	broadcast
}

func (o fixedPointwise8) bind(in []memory, out memory, scratch [][]uint64) step {
	t := &taskPointwise8{o, in, out, make([]elementwise8.Call, len(scratch))}
	for i := range t.calls {
		t.calls[i] = o.call
	}
	return pieces{o.runs.count, t}
}

type taskPointwise8 struct {
	fixedPointwise8
	in    []memory
	out   memory
	calls []elementwise8.Call
}

func (t *taskPointwise8) Do(worker, i int) {
	c := &t.calls[worker]
	from, to := t.runs.bounds(i)
	for from < to {
		n := t.next(from, to)
		c.Out = t.out[from : from+n]
		c.A = t.operand(0, t.in[0], from, n)
		if len(t.in) > 1 {
			c.B = t.operand(1, t.in[1], from, n)
		}
		t.k.Run(c)
		from += n
	}
}

// pointwise32 applies a function to float32 operands. With parameters, one per
// channel, these are its second and third operand.
type pointwise32 struct {
	k      *elementwise32.Kernel
	lo, hi float32
	b, c   []float32
}

func (o pointwise32) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o pointwise32) fix(in []graph.Type, out graph.Type, threads int) (fixed, error) {
	b := newBroadcast(in, out, threads)
	if o.b != nil {
		b.row = len(o.b)
	}
	return fixedPointwise32{o, b}, nil
}

type fixedPointwise32 struct {
	pointwise32
	broadcast
}

func (o fixedPointwise32) bind(in []memory, out memory, scratch [][]uint64) step {
	t := &taskPointwise32{o, nil, out.reals(), make([]elementwise32.Call, len(scratch))}
	for _, m := range in {
		t.in = append(t.in, m.reals())
	}
	for i := range t.calls {
		t.calls[i] = elementwise32.Call{Lo: o.lo, Hi: o.hi}
	}
	return pieces{o.runs.count, t}
}

type taskPointwise32 struct {
	fixedPointwise32
	in    [][]float32
	out   []float32
	calls []elementwise32.Call
}

func (t *taskPointwise32) Do(worker, i int) {
	c := &t.calls[worker]
	from, to := t.runs.bounds(i)
	for from < to {
		n := t.next(from, to)
		c.Out = t.out[from : from+n]
		c.A = operandOf(&t.broadcast, 0, t.in[0], from, n)
		if len(t.in) > 1 {
			c.B = operandOf(&t.broadcast, 1, t.in[1], from, n)
		}
		if t.b != nil {
			channel := from % t.row
			c.B, c.C = t.b[channel:channel+n], t.c[channel:channel+n]
		}
		t.k.Run(c)
		from += n
	}
}

// broadcast divides a result into runs within which every operand is a run of
// its own memory. Operands are as large as the result, or hold a row of channels
// per image that repeats for every pixel.
type broadcast struct {
	runs
	row    int     // channels; 0 when nothing repeats
	image  int     // elements of an image
	repeat [2]bool // by operand
}

func newBroadcast(in []graph.Type, out graph.Type, threads int) broadcast {
	b := broadcast{runs: splitRuns(out.Shape.Numel(), shortest, threads)}
	for i, t := range in {
		if !t.Shape.Equal(out.Shape) {
			b.repeat[i] = true
			b.row = out.Shape[1]
			b.image = out.Shape[1:].Numel()
		}
	}
	return b
}

// next is the length of the run that starts at from: to the end of the row
// where operands repeat.
func (b *broadcast) next(from, to int) int {
	if b.row == 0 {
		return to - from
	}
	return min(to-from, b.row-from%b.row)
}

func (b *broadcast) operand(i int, m memory, from, n int) []uint8 {
	return operandOf(b, i, m.codes(), from, n)
}

func operandOf[T any](b *broadcast, i int, m []T, from, n int) []T {
	if b.repeat[i] {
		from = from/b.image*b.row + from%b.row
	}
	return m[from : from+n]
}

func (broadcast) macs() int64  { return 0 }
func (broadcast) scratch() int { return 0 }

func lowerAdd(n *graph.Node, a op.Add, t target) (operation, string) {
	d, reason := uniform(n)
	if reason != "" {
		return nil, reason
	}
	if d == tensor.Float32 {
		return newPointwise32(elementwise32.Add, a.Act, t), ""
	}
	rule := quant.NewAdd(t.numerics, n.Inputs[0].Type.Q, n.Inputs[1].Type.Q, n.Output().Type.Q, d, a.Act)
	k, call := elementwise8.Prepare(elementwise8.Table, rule, nil, d == tensor.QInt8, t.cpu)
	return pointwise8{k, call}, ""
}

func lowerMul(n *graph.Node, m op.Mul, t target) (operation, string) {
	d, reason := uniform(n)
	if reason != "" {
		return nil, reason
	}
	if d == tensor.Float32 {
		return newPointwise32(elementwise32.Mul, m.Act, t), ""
	}
	rule := quant.NewMul(n.Inputs[0].Type.Q, n.Inputs[1].Type.Q, n.Output().Type.Q, d, m.Act)
	k, call := elementwise8.Prepare(elementwise8.Table, nil, rule, d == tensor.QInt8, t.cpu)
	return pointwise8{k, call}, ""
}

func lowerClamp(n *graph.Node, c op.Clamp, t target) (operation, string) {
	d, reason := uniform(n)
	if reason != "" {
		return nil, reason
	}
	if d == tensor.Float32 {
		return newPointwise32(elementwise32.Clamp, c.Act, t), ""
	}
	lo, hi := c.Act.Bounds(quant.NewQuantizer(n.Output().Type.Q, d))
	limit := elementwise8.NewUnary(d == tensor.QInt8, func(v int32) int32 { return max(lo, min(v, hi)) })
	return pointwise8{elementwise8.Select(elementwise8.Table, elementwise8.Map, t.cpu), elementwise8.Call{Unary: limit}}, ""
}

func newPointwise32(f elementwise32.Function, act quant.Activation, t target) pointwise32 {
	lo, hi := clampOf(act)
	return pointwise32{k: elementwise32.Select(elementwise32.Table, f, t.cpu), lo: lo, hi: hi}
}
