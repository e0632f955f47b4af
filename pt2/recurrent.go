package pt2

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var recurrences = map[string]importer{
	"lstm.input":     readRecurrence([]int{0, 3, 1, 2}, func(r op.Recurrence) graph.Op { return op.LSTM{Recurrence: r} }),
	"gru.input":      readRecurrence([]int{1, 0, 2}, func(r op.Recurrence) graph.Op { return op.GRU{Recurrence: r, LinearBeforeReset: true} }),
	"rnn_tanh.input": readRecurrence([]int{0}, func(r op.Recurrence) graph.Op { return op.RNN{Recurrence: r} }),
	"rnn_relu.input": readRecurrence([]int{0}, rectified),
}

func rectified(r op.Recurrence) graph.Op {
	r.Activations = slices.Repeat([]string{"relu"}, r.Directions())
	return op.RNN{Recurrence: r}
}

// recurrence is a stack of layers of LSTM, GRU or RNN. PyTorch has the weights of each layer and
// direction one after the other, and all layers' states in one tensor; package op has both
// directions of a layer in one tensor.
type recurrence struct {
	*node
	gates      []int // PyTorch's number of each gate, in the order of package op
	operator   func(op.Recurrence) graph.Op
	directions int
	biases     bool
	weights    []*tensor.Tensor
	states     []*graph.Value // h, and c of LSTM, of all layers
}

// readRecurrence reads a stack whose gates are PyTorch's of these numbers.
func readRecurrence(gates []int, operator func(op.Recurrence) graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		r := &recurrence{node: n, gates: gates, operator: operator, directions: 1, biases: n.flag("has_biases")}
		if n.flag("bidirectional") {
			r.directions = 2
		}
		if n.flag("train") && n.real("dropout") != 0 {
			n.Refuse("in training mode: export the model after model.eval()")
		}
		if n.rank("input") != 3 {
			n.Refuse("its input has %d axes; sequences in batches, of three, are read", n.rank("input"))
		}
		if n.target == "lstm.input" {
			r.states = n.tensors("hx")
		} else {
			r.states = []*graph.Value{n.tensor("hx")}
		}
		r.readWeights(n.whole("num_layers"))
		if n.Err != nil {
			return nil, n.Err
		}
		return r.stack(n.whole("num_layers"), n.flag("batch_first"))
	}
}

// readWeights reads those of all layers, which must be in the file.
func (r *recurrence) readWeights(layers int) {
	for _, v := range r.tensors("params") {
		if r.Err != nil {
			return
		}
		if v.Role != graph.Parameter || v.Data == nil || v.Data.DType() != tensor.Float32 {
			r.Refuse("its weight %q is computed; weights that the file holds as float32 are read", v.Name)
			return
		}
		r.weights = append(r.weights, v.Data)
	}
	if want := layers * r.directions * r.perDirection(); layers < 1 || len(r.weights) != want {
		r.Refuse("%d weights for %d layers; %d are expected: projections (proj_size) are not read", len(r.weights), layers, want)
	}
}

// perDirection is the number of weights of one direction of a layer.
func (r *recurrence) perDirection() int {
	if r.biases {
		return 4
	}
	return 2
}

// stack makes the layers. Its results are the last layer's outputs, and the last states of all.
func (r *recurrence) stack(layers int, batchFirst bool) ([]*graph.Value, error) {
	x := r.real32("input")
	if batchFirst {
		x = r.Do(op.Transpose{Perm: []int{1, 0, 2}}, x)
	}
	last := make([][]*graph.Value, len(r.states))
	for layer := range layers {
		y := r.layer(layer, x)
		if r.Err != nil {
			return nil, r.Err
		}
		for i := range last {
			last[i] = append(last[i], y[1+i])
		}
		// [T, D, N, H] become [T, N, D*H], or with the batch in front [N, T, D*H]
		perm := []int{0, 2, 1, 3}
		if batchFirst && layer == layers-1 {
			perm = []int{2, 0, 1, 3}
		}
		hidden := r.weights[layer*r.directions*r.perDirection()+1].Dim(1)
		x = r.Do(op.Reshape{Shape: []int{0, 0, r.directions * hidden}, KeepZero: true}, r.Do(op.Transpose{Perm: perm}, y[0]))
	}
	results := []*graph.Value{x}
	for _, states := range last {
		joined := states[0]
		if len(states) > 1 {
			joined = r.Do(cat(0), states...)
		}
		results = append(results, joined)
	}
	return results, r.Err
}

// layer makes one layer. Its results are y and the last states.
func (r *recurrence) layer(layer int, x *graph.Value) []*graph.Value {
	first := layer * r.directions * r.perDirection()
	of := func(i int) []*tensor.Tensor { // weight i of both directions
		var list []*tensor.Tensor
		for d := range r.directions {
			list = append(list, r.weights[first+d*r.perDirection()+i])
		}
		return list
	}
	input, hidden := r.arranged(of(0)), r.arranged(of(1))
	bias := tensor.New(tensor.Float32, 0)
	if r.biases && r.Err == nil {
		a, b := r.arranged(of(2)), r.arranged(of(3))
		if r.Err == nil {
			bias = beside(a, b)
		}
	}
	if r.Err != nil {
		return nil
	}
	direction := ""
	if r.directions == 2 {
		direction = "bidirectional"
	}
	in := []*graph.Value{x, r.Constant(input), r.Constant(hidden), r.Constant(bias), r.Constant(tensor.New(tensor.Int64, 0))}
	for _, s := range r.states {
		rows := cut{0, at(layer * r.directions), at((layer + 1) * r.directions), 1}
		in = append(in, rows.get(r.node, s))
	}
	return r.Split(r.operator(op.Recurrence{Direction: direction}), in...)
}

// arranged joins a weight [gates*H, ...] of each direction to [D, gates*H, ...], its gates in the
// order of package op.
func (r *recurrence) arranged(list []*tensor.Tensor) *tensor.Tensor {
	shape := list[0].Shape()
	if len(shape) == 0 || len(shape) > 2 || shape.Numel() == 0 || shape[0]%len(r.gates) != 0 {
		r.Refuse("its weight has the shape %v for %d gates", shape, len(r.gates))
		return nil
	}
	rows := shape[0] / len(r.gates)
	out := tensor.New(tensor.Float32, append(tensor.Shape{len(list)}, shape...)...)
	to := out.Float32s()
	for _, t := range list {
		if !t.Shape().Equal(shape) {
			r.Refuse("its directions have weights of shapes %v and %v", shape, t.Shape())
			return nil
		}
		for _, gate := range r.gates {
			to = to[copy(to, t.Rows(gate*rows, (gate+1)*rows).Float32s()):]
		}
	}
	return out
}

// beside joins two tensors [D, n] to [D, 2*n].
func beside(a, b *tensor.Tensor) *tensor.Tensor {
	var data []float32
	for d := range a.Dim(0) {
		data = append(data, a.Rows(d, d+1).Float32s()...)
		data = append(data, b.Rows(d, d+1).Float32s()...)
	}
	return tensor.Of(data, a.Dim(0), len(data)/a.Dim(0))
}
