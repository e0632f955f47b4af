package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// dynamicRecurrence is an LSTM or GRU whose elements and states are quantized before they are
// multiplied by weights in codes: a recurrence whose products are those of dynamic linear layers.
type dynamicRecurrence struct {
	recurrence
	quantize         dynamicQuantize
	input, recurrent []dynamicLayer // by direction
	bias             [][]float32    // of both products, by direction; of cells that add it
}

func lowerDynamicLSTM(n *graph.Node, l op.DynamicLSTM, t target) (operation, string, error) {
	o := recurrence{Recurrence: l.LSTM.Recurrence, cell: dynamicLSTMCell, gates: 4, states: 2}
	each := t.numerics != quant.ONNX && t.numerics != quant.NumericsUnset
	if each {
		o.cell = lstmCell
	}
	return lowerDynamicRecurrence(n, o, each, t)
}

func lowerDynamicGRU(n *graph.Node, g op.DynamicGRU, t target) (operation, string, error) {
	if !g.GRU.LinearBeforeReset {
		return nil, "", nil // Infer will say what is wrong
	}
	return lowerDynamicRecurrence(n, recurrence{Recurrence: g.GRU.Recurrence, cell: dynamicGRUCell, gates: 3, states: 1}, true, t)
}

// lowerDynamicRecurrence packs the weights of r's directions. With each, both products add their
// biases, and the cell none.
func lowerDynamicRecurrence(n *graph.Node, r recurrence, each bool, t target) (operation, string, error) {
	if reason := recurrenceReason(n, r.Recurrence); reason != "" {
		return nil, reason, nil
	}
	w, u := n.Inputs[1].Data, n.Inputs[2].Data
	directions := r.Directions()
	if len(w.Shape()) != 2 || len(u.Shape()) != 2 || u.Dim(0) != r.gates*u.Dim(1)*directions || w.Dim(0) != u.Dim(0) {
		return nil, "", nil // Infer will say what is wrong
	}
	o := dynamicRecurrence{recurrence: r, quantize: newDynamicQuantize(t).(dynamicQuantize)}
	o.in, o.hidden = w.Dim(1), u.Dim(1)
	o.gateFunctions(t)
	var err error
	if o.initial, err = initialStates(n, o.states); err != nil {
		return nil, "", err
	}
	rows := o.gates * o.hidden
	biases, err := recurrenceBias(n, directions*2*rows)
	if err != nil {
		return nil, "", err
	}
	for d := range directions {
		for i, p := range []struct {
			w  *tensor.Tensor
			to *[]dynamicLayer
		}{{w, &o.input}, {u, &o.recurrent}} {
			var bias []float32
			if each {
				bias = biases[(2*d+i)*rows:][:rows]
			}
			layer, err := rowsOfDirection(p.w, bias, d, rows, t)
			if err != nil {
				return nil, "", err
			}
			*p.to = append(*p.to, layer)
		}
		bias, b := make([]float32, rows), biases[d*2*rows:]
		for i := range bias {
			bias[i] = b[i] + b[rows+i]
		}
		o.bias = append(o.bias, bias)
	}
	return o, "", nil
}

// rowsOfDirection is the dynamic linear layer with the rows of w for direction d, and a bias
// unless that is nil.
func rowsOfDirection(w *tensor.Tensor, bias []float32, d, rows int, t target) (dynamicLayer, error) {
	if err := w.Load(); err != nil {
		return dynamicLayer{}, err
	}
	q, k := w.QParams(), w.Dim(1)
	if !q.IsPerTensor() {
		q = tensor.PerAxis(q.Scales[d*rows:][:rows], q.ZeroPoints[d*rows:][:rows], 0)
	}
	part, err := tensor.FromBytes(w.DType(), q, tensor.Shape{rows, k}, w.Bytes()[d*rows*k:][:rows*k])
	if err != nil {
		return dynamicLayer{}, err
	}
	weight := &graph.Value{Role: graph.Parameter, Type: graph.TypeOf(part), Data: part}
	codes := &graph.Value{Role: graph.Result, Type: graph.Type{DType: tensor.UInt8}}
	out := &graph.Value{Role: graph.Result, Type: graph.Float32}
	in := []*graph.Value{codes, codes, codes, weight}
	if bias != nil {
		b := tensor.Of(bias, rows)
		in = append(in, &graph.Value{Role: graph.Parameter, Type: graph.TypeOf(b), Data: b})
	}
	o, _, err := lowerDynamicLinear(&graph.Node{Op: op.DynamicLinear{}, Inputs: in, Outputs: []*graph.Value{out}}, op.DynamicLinear{}, t)
	if err != nil {
		return dynamicLayer{}, err
	}
	return o.(dynamicLayer), nil
}

func (o dynamicRecurrence) kernel() (string, string) { return o.input[0].kernel() }

func (o dynamicRecurrence) fix(in, outs []desc, threads int) (fixed, error) {
	r, _ := o.recurrence.fix(in, outs, threads)
	f := fixedDynamicRecurrence{fixedRecurrence: r.(fixedRecurrence), bias: o.bias}
	var err error
	if f.elements, err = o.products(o.input, f.time*f.batch, o.in, threads); err == nil {
		f.before, err = o.products(o.recurrent, f.batch, o.hidden, 1)
	}
	return f, err
}

// products fixes the layers of all directions, and the quantization in front of them, for
// so many rows.
func (o dynamicRecurrence) products(layers []dynamicLayer, rows, size, threads int) (p quantizedProducts, err error) {
	x := desc{Type: graph.Type{DType: tensor.Float32, Shape: tensor.Shape{rows, size}}}
	codes, one := x, desc{Type: graph.Type{Shape: tensor.Shape{}}}
	codes.DType = tensor.UInt8
	y := desc{Type: graph.Type{DType: tensor.Float32, Shape: tensor.Shape{rows, o.gates * o.hidden}}}
	p.size = rows * size
	if p.quantize, err = o.quantize.fix([]desc{x}, []desc{codes, one, one}, threads); err != nil {
		return p, err
	}
	for _, l := range layers {
		layer, err := l.fix([]desc{codes, one, one}, []desc{y}, threads)
		if err != nil {
			return p, err
		}
		p.layers = append(p.layers, layer)
	}
	return p, nil
}

// quantizedProducts are the products of some rows with the weights of all directions.
type quantizedProducts struct {
	size     int // numbers
	quantize fixed
	layers   []fixed
}

// operands is memory for the codes and their parameters.
func (p *quantizedProducts) operands() []memory {
	return []memory{make(memory, p.size, p.size+overRead), bytesIn(make([]float32, 1)), make(memory, 1)}
}

func (p *quantizedProducts) scratch() int {
	words := p.quantize.scratch()
	for _, l := range p.layers {
		words = max(words, l.scratch())
	}
	return words
}

type fixedDynamicRecurrence struct {
	fixedRecurrence
	bias             [][]float32       // of both products, by direction
	elements, before quantizedProducts // of x, and of the states before an element
}

func (f fixedDynamicRecurrence) scratch() int {
	return max(f.elements.scratch(), divUp(f.batch*(f.rows()+4*f.hidden), 2))
}

// dynamicStates are the states h of a direction and the product that they take.
type dynamicStates struct {
	h, recurred, bias []float32
	product           step
}

func (f fixedDynamicRecurrence) bind(in, outs []memory, scratch [][]uint64) step {
	t := f.task(in, outs, scratch)
	codes := f.elements.operands()
	steps := several{f.elements.quantize.bind(in[:1], codes, scratch)}
	size := len(t.gates) / len(f.elements.layers)
	for d, l := range f.elements.layers {
		steps = append(steps, l.bind(codes, []memory{bytesIn(t.gates[d*size:][:size])}, scratch))
	}
	for d, l := range f.before.layers {
		s := dynamicStates{h: make([]float32, f.before.size), recurred: make([]float32, f.batch*f.rows()), bias: f.bias[d]}
		alone := [][]uint64{make([]uint64, f.before.scratch())} // a direction is one piece
		codes := f.before.operands()
		s.product = several{f.before.quantize.bind([]memory{bytesIn(s.h)}, codes, alone), l.bind(codes, []memory{bytesIn(s.recurred)}, alone)}
		t.dynamic = append(t.dynamic, s)
	}
	return append(steps, pieces{len(t.dynamic), t})
}

// serially computes s in the calling goroutine, as the first worker.
func serially(s step) {
	switch s := s.(type) {
	case several:
		for _, each := range s {
			serially(each)
		}
	case pieces:
		for i := range s.count {
			s.task.Do(0, i)
		}
	default:
		_ = s.exec(nil) // that of parameters, which cannot fail
	}
}

// dynamicLSTMCell is lstmCell with a bias of its own.
func dynamicLSTMCell(w *recurrenceWorker, gates []float32) {
	w.sums(gates, 4*w.hidden)
	w.apply(w.add, gates, gates, w.bias)
	lstmGates(w, gates)
}

// dynamicGRUCell is gruCell as PyTorch blends.
func dynamicGRUCell(w *recurrenceWorker, gates []float32) {
	fresh, update, h := w.gruGates(gates), gates[:w.hidden], w.state(w.h)
	for k := range h {
		h[k] = float32((h[k]-fresh[k])*update[k]) + fresh[k]
	}
}
