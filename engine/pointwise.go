package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// shortest is the least number of elements that pays for a piece of its own.
const shortest = 8192

// pointwise8 applies a function to the codes of one or two operands. call holds
// the function's table or constants.
type pointwise8 struct {
	anyOrder
	k    *elementwise8.Kernel
	call elementwise8.Call
	// other is for operands of such shapes that otherwise holds.
	other     *pointwise8
	otherwise func(a, b, to tensor.Shape) bool
	exchanged bool // the kernel takes the second operand first
}

func (o pointwise8) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o pointwise8) fix(in, outs []desc, threads int) (fixed, error) {
	if o.other != nil && o.otherwise(in[0].Shape, in[1].Shape, outs[0].Shape) {
		o = *o.other
	}
	return fixedPointwise8{o, newBroadcast(in, outs[0], threads)}, nil
}

type fixedPointwise8 struct {
	pointwise8
	broadcast
}

func (o fixedPointwise8) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskPointwise8{o, in, outs[0], make([]pointwiseWorker8, len(scratch))}
	for i := range t.workers {
		t.workers[i] = pointwiseWorker8{o.call, newExpanded[uint8](&o.broadcast, scratch[i])}
	}
	return pieces{o.runs.count, t}
}

type pointwiseWorker8 struct {
	call     elementwise8.Call
	operands expanded[uint8]
}

type taskPointwise8 struct {
	fixedPointwise8
	in      []memory
	out     memory
	workers []pointwiseWorker8
}

func (t *taskPointwise8) Do(worker, i int) {
	w := &t.workers[worker]
	w.operands.forget()
	c := &w.call
	from, to := t.runs.bounds(i)
	for from < to {
		n := t.next(from, to)
		c.Out = t.out[from : from+n]
		c.A = operandOf(&t.broadcast, &w.operands, 0, t.in[0].codes(), from, n)
		if len(t.in) > 1 {
			c.B = operandOf(&t.broadcast, &w.operands, 1, t.in[1].codes(), from, n)
		}
		if t.exchanged {
			c.A, c.B = c.B, c.A
		}
		t.k.Run(c)
		from += n
	}
}

// pointwise32 applies a function to one or two float32 operands.
type pointwise32 struct {
	anyOrder
	k      *elementwise32.Kernel
	lo, hi float32
}

func (o pointwise32) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o pointwise32) fix(in, outs []desc, threads int) (fixed, error) {
	return fixedPointwise32{o, newBroadcast(in, outs[0], threads)}, nil
}

type fixedPointwise32 struct {
	pointwise32
	broadcast
}

func (o fixedPointwise32) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskPointwise32{o, nil, outs[0].reals(), make([]pointwiseWorker32, len(scratch))}
	for _, m := range in {
		t.in = append(t.in, m.reals())
	}
	for i := range t.workers {
		t.workers[i] = pointwiseWorker32{elementwise32.Call{Lo: o.lo, Hi: o.hi}, newExpanded[float32](&o.broadcast, scratch[i])}
	}
	return pieces{o.runs.count, t}
}

type pointwiseWorker32 struct {
	call     elementwise32.Call
	operands expanded[float32]
}

type taskPointwise32 struct {
	fixedPointwise32
	in      [][]float32
	out     []float32
	workers []pointwiseWorker32
}

func (t *taskPointwise32) Do(worker, i int) {
	w := &t.workers[worker]
	w.operands.forget()
	c := &w.call
	from, to := t.runs.bounds(i)
	for from < to {
		n := t.next(from, to)
		c.Out = t.out[from : from+n]
		c.A = operandOf(&t.broadcast, &w.operands, 0, t.in[0], from, n)
		if len(t.in) > 1 {
			c.B = operandOf(&t.broadcast, &w.operands, 1, t.in[1], from, n)
		}
		t.k.Run(c)
		from += n
	}
}

// lowerAdd lowers additions of codes; those of floats are like all other functions.
func lowerAdd(n *graph.Node, a op.Add, t target) (operation, string) {
	d, reason := arithmetic(n)
	if reason != "" || d == tensor.Float32 {
		return lowerBinary32(elementwise32.Add, a.Act, t, reason)
	}
	sum := func(numerics quant.Numerics, first, second int) pointwise8 {
		rule := quant.NewAdd(numerics, n.Inputs[first].Type.Q, n.Inputs[second].Type.Q, n.Output().Type.Q, d, a.Act)
		k, call := elementwise8.Prepare(elementwise8.Table, rule, nil, d == tensor.QInt8, t.cpu)
		return pointwise8{k: k, call: call, exchanged: first > second}
	}
	o := sum(t.numerics, 0, 1)
	var other pointwise8
	switch t.numerics {
	case quant.QNNPACK: // whose own rule is for equal shapes
		other = sum(quant.FBGEMM, 0, 1)
		o.otherwise = func(a, b, _ tensor.Shape) bool { return !a.Equal(b) }
	case quant.ONNX:
		other = sum(quant.ONNX, 1, 0)
		o.otherwise = func(a, b, to tensor.Shape) bool { return op.Exchanged(quant.ONNX, a, b, to) }
	default:
		return o, ""
	}
	o.other = &other
	return o, ""
}

func lowerMul(n *graph.Node, m op.Mul, t target) (operation, string) {
	d, reason := arithmetic(n)
	if reason != "" || d == tensor.Float32 {
		return lowerBinary32(elementwise32.Mul, m.Act, t, reason)
	}
	rule := quant.NewMul(t.numerics, n.Inputs[0].Type.Q, n.Inputs[1].Type.Q, n.Output().Type.Q, d, m.Act)
	k, call := elementwise8.Prepare(elementwise8.Table, nil, rule, d == tensor.QInt8, t.cpu)
	return pointwise8{k: k, call: call}, ""
}

// lowerReal lowers a function of two numbers that has no rule on codes.
func lowerReal(n *graph.Node, f elementwise32.Function, o op.Binary, t target) (operation, string) {
	d, reason := arithmetic(n)
	if reason == "" && d != tensor.Float32 {
		reason = "no kernel for " + d.String()
	}
	return lowerBinary32(f, o.Clamp(), t, reason)
}

// lowerBinary32 lowers a function of two float32, unless there is a reason not to.
func lowerBinary32(f elementwise32.Function, act quant.Activation, t target, reason string) (operation, string) {
	if reason != "" {
		return nil, reason
	}
	return newPointwise32(f, act, t), ""
}

func newPointwise32(f elementwise32.Function, act quant.Activation, t target) pointwise32 {
	lo, hi := clampOf(act)
	return pointwise32{k: elementwise32.Select(elementwise32.Table, f, t.cpu), lo: lo, hi: hi}
}
