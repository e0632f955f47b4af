package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// recurrence is an LSTM, GRU or RNN with the usual activations. What x adds to the gates is
// one product over all elements; then each element takes a product over the states of the
// batch, and kernels that work on a state at a time.
type recurrence struct {
	op.Recurrence
	cell       func(*recurrenceWorker, []float32) // computes the next states of one sequence
	gates      int
	states     int
	in, hidden int
	k          *sgemm.Kernel
	pad        []float32           // zeros
	input      []*sgemm.Weights    // by direction
	recurrent  [][2]*sgemm.Weights // by direction; the second of a GRU without LinearBeforeReset
	initial    []stateSource       // by state

	add, mul, sigmoid, tanh *elementwise32.Kernel
}

// stateSource is where initial states come from: nowhere, an operand or a parameter.
type stateSource struct {
	operand int // among those of the step, or 0
	data    *tensor.Tensor
}

func (recurrence) packsParameters() {}

func (o recurrence) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (recurrence) wishes(in, _ []desc) []order { return make([]order, len(in)) }

func (recurrence) orders(in, out []desc) (need, give []order) {
	return make([]order, len(in)), make([]order, len(out))
}

// recurrenceBias is the bias of so many numbers, zeros where there is none.
func recurrenceBias(n *graph.Node, numbers int) ([]float32, error) {
	if len(n.Inputs) <= 3 || n.Inputs[3].Data.Numel() != numbers {
		return make([]float32, numbers), nil // Infer says what is wrong with another one
	}
	if err := n.Inputs[3].Data.Load(); err != nil {
		return nil, err
	}
	return n.Inputs[3].Data.Float32s(), nil
}

// lowerRecurrence packs the weights of each direction. split says that the last gate takes a
// product of its own.
func lowerRecurrence(n *graph.Node, r op.Recurrence, gates int, cell func(*recurrenceWorker, []float32), t target) (operation, string, error) {
	if reason := recurrenceReason(n, r); reason != "" {
		return nil, reason, nil
	}
	w, u := n.Inputs[1].Data, n.Inputs[2].Data
	if len(w.Shape()) != 3 || len(u.Shape()) != 3 || w.Dim(0) != r.Directions() || w.Dim(1) != gates*u.Dim(2) || u.Dim(1) != w.Dim(1) || u.Dim(0) != w.Dim(0) {
		return nil, "", nil // Infer will say what is wrong
	}
	o := recurrence{Recurrence: r, cell: cell, gates: gates, states: len(n.Outputs) - 1, in: w.Dim(2), hidden: u.Dim(2), k: sgemm.Select(sgemm.Table, t.cpu)}
	o.pad = make([]float32, max(o.in, o.hidden))
	o.gateFunctions(t)
	bias, err := recurrenceBias(n, r.Directions()*2*gates*o.hidden)
	if err != nil {
		return nil, "", err
	}
	for _, p := range []*tensor.Tensor{w, u} {
		if err := p.Load(); err != nil {
			return nil, "", err
		}
	}
	for d := range r.Directions() {
		o.pack(d, w.Float32s(), u.Float32s(), bias[d*2*gates*o.hidden:], n.Op, t)
	}
	o.initial, err = initialStates(n, o.states)
	return o, "", err
}

// gateFunctions chooses the kernels of cells.
func (o *recurrence) gateFunctions(t target) {
	for f, k := range map[elementwise32.Function]**elementwise32.Kernel{elementwise32.Add: &o.add, elementwise32.Mul: &o.mul, elementwise32.Sigmoid: &o.sigmoid, elementwise32.Tanh: &o.tanh} {
		*k = elementwise32.Select(elementwise32.Table, f, t.cpu)
	}
}

// initialStates finds where n's initial states come from. A run cannot fail to read them.
func initialStates(n *graph.Node, states int) ([]stateSource, error) {
	initial := make([]stateSource, states)
	next := 1
	for i := range n.Inputs[min(3, len(n.Inputs)):] {
		v := n.Inputs[3+i]
		if v.Role != graph.Parameter {
			initial[3+i-5].operand = next
			next++
		} else if i >= 2 && i-2 < states && v.Data.Numel() > 0 {
			if err := v.Data.Load(); err != nil {
				return nil, err
			}
			initial[i-2].data = v.Data
		}
	}
	return initial, nil
}

// recurrenceReason says why a recurrence is left to the operator.
func recurrenceReason(n *graph.Node, r op.Recurrence) string {
	if r.Activations != nil || r.Clip != 0 {
		return "its activations are not the usual ones"
	}
	l, _ := n.Op.(op.LSTM)
	if d, ok := n.Op.(op.DynamicLSTM); ok {
		l = d.LSTM
	}
	if l.InputForget {
		return "its input and forget gates are coupled"
	}
	for i, v := range n.Inputs {
		parameter := v.Role == graph.Parameter && v.Data != nil
		switch {
		case i == 0 && v.Role == graph.Parameter:
			return "its sequences are a parameter"
		case i >= 1 && i <= 3 && !parameter:
			return "its weights are computed"
		case i == 4 && !(parameter && v.Data.Numel() == 0):
			return "its sequences have lengths of their own"
		case i == 7 && !(parameter && v.Data.Numel() == 0):
			return "it has peepholes"
		}
	}
	return ""
}

// pack packs the weights of direction d. The biases of both products are added with that of
// x, save where the reset gate multiplies one.
func (o *recurrence) pack(d int, w, u, bias []float32, of graph.Op, t target) {
	rows := o.gates * o.hidden
	w, u = w[d*rows*o.in:][:rows*o.in], u[d*rows*o.hidden:][:rows*o.hidden]
	first := slices.Clone(bias[:rows])
	second := make([]float32, rows)
	whole := rows
	g, gru := of.(op.GRU)
	if gru && !g.LinearBeforeReset {
		whole = 2 * o.hidden
	}
	for i := range rows {
		if gru && g.LinearBeforeReset && i >= 2*o.hidden {
			second[i] = bias[rows+i]
		} else {
			first[i] += bias[rows+i]
		}
	}
	o.input = append(o.input, o.k.Pack(t.memory, w, rows, o.in, first))
	parts := [2]*sgemm.Weights{o.k.Pack(t.memory, u[:whole*o.hidden], whole, o.hidden, second[:whole])}
	if whole < rows {
		parts[1] = o.k.Pack(t.memory, u[whole*o.hidden:], rows-whole, o.hidden, second[whole:])
	}
	o.recurrent = append(o.recurrent, parts)
}

// inputRows are the elements whose products one piece takes.
const inputRows = 32

func (o recurrence) fix(in, _ []desc, _ int) (fixed, error) {
	x := in[0].Shape
	f := fixedRecurrence{recurrence: o, time: x[0], batch: x[1]}
	if o.BatchFirst {
		f.time, f.batch = x[1], x[0]
	}
	f.blocks = divUp(f.time*f.batch, inputRows)
	return f, nil
}

type fixedRecurrence struct {
	recurrence
	time, batch int
	blocks      int // pieces of the product over x, of a direction
}

func (f fixedRecurrence) rows() int { return f.gates * f.hidden }

func (f fixedRecurrence) macs() int64 {
	return int64(f.Directions()) * int64(f.time*f.batch) * int64(f.rows()) * int64(f.in+f.hidden)
}

// scratch is for products, and for gates and states of the batch.
func (f fixedRecurrence) scratch() int {
	work := max(f.k.Work(inputRows, f.in), f.k.Work(f.batch, f.hidden))
	return divUp(work+f.batch*(f.rows()+4*f.hidden), 2)
}

func (f fixedRecurrence) bind(in, outs []memory, scratch [][]uint64) step {
	t := f.task(in, outs, scratch)
	return several{pieces{f.Directions() * f.blocks, (*inputTask)(t)}, pieces{f.Directions(), t}}
}

// task is the loop over the elements, for workers with this memory.
func (f fixedRecurrence) task(in, outs []memory, scratch [][]uint64) *taskRecurrence {
	t := &taskRecurrence{fixedRecurrence: f, in: in, x: in[0].reals(), y: outs[0].reals(), last: outs[1:]}
	t.gates = make([]float32, f.Directions()*f.time*f.batch*f.rows())
	t.workers = make([]recurrenceWorker, len(scratch))
	for i, s := range scratch {
		w := &t.workers[i]
		w.recurrence = &t.recurrence
		free := words[float32](s)
		take := func(n int) []float32 {
			part := free[:n:n]
			free = free[n:]
			return part
		}
		w.recurred = take(f.batch * f.rows())
		w.h, w.c, w.kept = take(f.batch*f.hidden), take(f.batch*f.hidden), take(f.batch*f.hidden)
		w.wide = take(f.hidden)
		w.call.Work, w.call.Lo, w.call.Hi = free, -inf, inf
	}
	return t
}

// taskRecurrence goes through the elements of a direction.
type taskRecurrence struct {
	fixedRecurrence
	in      []memory
	x, y    []float32
	last    []memory        // the states
	gates   []float32       // what x adds, [D][elements of x][gates]
	dynamic []dynamicStates // by direction; nil where states are multiplied as they are
	workers []recurrenceWorker
}

// inputTask takes the product over some elements of x.
type inputTask taskRecurrence

func (t *inputTask) Do(worker, i int) {
	c := &t.workers[worker].call
	d, first := i/t.blocks, i%t.blocks*inputRows
	n := t.time * t.batch
	rows := t.fixedRecurrence.rows()
	c.Matrix = operand.Matrix[float32]{X: t.x, Pad: t.pad, Taps: 1, Depth: t.recurrence.in, Stride: t.recurrence.in, Rows: n}
	c.W, c.M0, c.M1, c.N0, c.N1 = t.input[d], first, min(first+inputRows, n), 0, rows
	c.Out, c.LD = t.gates[d*n*rows:][:n*rows], rows
	t.k.Run(c)
}

// recurrenceWorker is one worker's scratch memory and calls.
type recurrenceWorker struct {
	*recurrence
	call                sgemm.Call
	one                 elementwise32.Call
	recurred            []float32 // what the states add to the gates
	h, c                []float32 // states of the batch
	kept                []float32 // of a GRU, the parts of the states that the reset gate keeps
	wide                []float32
	bias                []float32 // of dynamic gates
	direction, sequence int
}

func (t *taskRecurrence) Do(worker, d int) {
	w := &t.workers[worker]
	w.direction = d
	w.h, w.c = w.h[:t.batch*t.hidden], w.c[:t.batch*t.hidden]
	if t.dynamic != nil {
		w.h, w.recurred, w.bias = t.dynamic[d].h, t.dynamic[d].recurred, t.dynamic[d].bias
	}
	for i, s := range [][]float32{w.h, w.c}[:t.states] {
		t.begin(s, i, d)
	}
	rows, all := t.rows(), t.time*t.batch*t.rows()
	for step := range t.time {
		at := step
		if t.Reversed(d) {
			at = t.time - 1 - step
		}
		if t.dynamic == nil {
			w.product(t.recurrent[d][0], w.h, w.recurred, t.batch)
		} else {
			serially(t.dynamic[d].product)
		}
		for n := range t.batch {
			place, row := (at*t.Directions()+d)*t.batch+n, at*t.batch+n
			if t.BatchFirst {
				row = n*t.time + at
				place = row*t.Directions() + d
			}
			w.sequence = n
			t.cell(w, t.recurrenceGates(d, all, row, rows))
			copy(t.y[place*t.hidden:][:t.hidden], w.h[n*t.hidden:])
		}
	}
	for i, s := range [][]float32{w.h, w.c}[:t.states] {
		to := t.last[i].reals()
		for n := range t.batch {
			copy(to[t.stateAt(d, n):][:t.hidden], s[n*t.hidden:])
		}
	}
}

// recurrenceGates are what element row of x adds to the gates.
func (t *taskRecurrence) recurrenceGates(d, all, row, rows int) []float32 {
	return t.gates[d*all+row*rows:][:rows]
}

// begin sets state i of direction d to what it starts with.
func (t *taskRecurrence) begin(s []float32, i, d int) {
	from := t.initial[i]
	var x []float32
	switch {
	case from.data != nil:
		x = from.data.Float32s()
	case from.operand > 0:
		x = t.in[from.operand].reals()
	default:
		clear(s)
		return
	}
	for n := range t.batch {
		copy(s[n*t.hidden:][:t.hidden], x[t.stateAt(d, n):])
	}
}

// stateAt is where the state of sequence n begins in states of all directions.
func (t *taskRecurrence) stateAt(d, n int) int {
	if t.BatchFirst {
		return (n*t.Directions() + d) * t.hidden
	}
	return (d*t.batch + n) * t.hidden
}

// product is that of so many states and w.
func (w *recurrenceWorker) product(weights *sgemm.Weights, states, to []float32, n int) {
	c := &w.call
	c.Matrix = operand.Matrix[float32]{X: states, Pad: w.pad, Taps: 1, Depth: w.hidden, Stride: w.hidden, Rows: n}
	c.W, c.M0, c.M1, c.N0, c.N1, c.Out, c.LD = weights, 0, n, 0, weights.N, to, weights.N
	w.k.Run(c)
}

// apply runs an element-wise kernel; to may be an operand.
func (w *recurrenceWorker) apply(k *elementwise32.Kernel, to, a, b []float32) {
	w.one = elementwise32.Call{A: a, B: b, Out: to, Lo: -inf, Hi: inf}
	k.Run(&w.one)
}

// sums adds what the state of the sequence adds to gates.
func (w *recurrenceWorker) sums(gates []float32, width int) {
	w.apply(w.add, gates, gates, w.recurred[w.sequence*width:][:len(gates)])
}

func (w *recurrenceWorker) state(of []float32) []float32 {
	return of[w.sequence*w.hidden:][:w.hidden]
}

// lstmCell computes the next states of a sequence; gates is what x adds.
func lstmCell(w *recurrenceWorker, gates []float32) {
	w.sums(gates, 4*w.hidden)
	lstmGates(w, gates)
}

// lstmGates computes the next states of a sequence from its gates.
func lstmGates(w *recurrenceWorker, gates []float32) {
	n := w.hidden
	w.apply(w.sigmoid, gates[:3*n], gates[:3*n], nil)
	w.apply(w.tanh, gates[3*n:], gates[3*n:], nil)
	in, out, forget, fresh, c := gates[:n], gates[n:2*n], gates[2*n:3*n], gates[3*n:], w.state(w.c)
	for k := range c {
		c[k] = float32(forget[k]*c[k]) + float32(in[k]*fresh[k])
	}
	w.apply(w.tanh, w.wide, c, nil)
	w.apply(w.mul, w.state(w.h), out, w.wide)
}

// gruCell is lstmCell of a GRU whose reset gate multiplies what the state adds.
func gruCell(w *recurrenceWorker, gates []float32) {
	w.blend(gates, w.gruGates(gates))
}

// gruGates computes the gates of gruCell, and returns the last one.
func (w *recurrenceWorker) gruGates(gates []float32) []float32 {
	n := w.hidden
	w.sums(gates[:2*n], 3*n)
	w.apply(w.sigmoid, gates[:2*n], gates[:2*n], nil)
	w.apply(w.mul, w.wide, gates[n:2*n], w.recurred[w.sequence*3*n+2*n:][:n])
	return w.fresh(gates)
}

// gruCellFirst is gruCell where the reset gate multiplies the state.
func gruCellFirst(w *recurrenceWorker, gates []float32) {
	n := w.hidden
	w.sums(gates[:2*n], 2*n)
	w.apply(w.sigmoid, gates[:2*n], gates[:2*n], nil)
	kept := w.state(w.kept)
	w.apply(w.mul, kept, gates[n:2*n], w.state(w.h))
	w.product(w.recurrent[w.direction][1], kept, w.wide, 1)
	w.blend(gates, w.fresh(gates))
}

// fresh is the last gate of a GRU, to which it adds what wide has.
func (w *recurrenceWorker) fresh(gates []float32) []float32 {
	last := gates[2*w.hidden:]
	w.apply(w.add, last, last, w.wide)
	w.apply(w.tanh, last, last, nil)
	return last
}

// blend blends the last gate with the state.
func (w *recurrenceWorker) blend(gates, fresh []float32) {
	update, h := gates[:w.hidden], w.state(w.h)
	for k := range h {
		h[k] = float32((1-update[k])*fresh[k]) + float32(update[k]*h[k])
	}
}

// rnnCell is lstmCell of an RNN.
func rnnCell(w *recurrenceWorker, gates []float32) {
	w.sums(gates, w.hidden)
	w.apply(w.tanh, w.state(w.h), gates, nil)
}
