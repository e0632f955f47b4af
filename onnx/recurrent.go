package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var recurrences = map[string]importer{
	"LSTM": readLSTM,
	"GRU":  readGRU,
	"RNN":  readRNN,
}

// recurrence reads what LSTM, GRU and RNN have in common, and their first operands: those
// that are left out in front of others are empty tensors.
func (n *node) recurrence(operands int) (op.Recurrence, []*graph.Value, error) {
	var r op.Recurrence
	if err := n.need(3); err != nil {
		return r, nil, err
	}
	direction, err := n.text("direction", "forward")
	if err != nil {
		return r, nil, err
	}
	switch direction {
	case "forward":
	case "reverse", "bidirectional":
		r.Direction = direction
	default:
		return r, nil, fmt.Errorf("direction %q; forward, reverse and bidirectional are read", direction)
	}
	if r.Clip, err = n.real("clip", 0); err != nil {
		return r, nil, err
	}
	if r.BatchFirst, err = n.flag("layout", false); err != nil {
		return r, nil, err
	}
	if a := n.attrs["activations"]; a != nil {
		for _, name := range a.GetStrings() {
			r.Activations = append(r.Activations, string(name))
		}
	}
	if a := n.attrs["activation_alpha"]; a != nil {
		r.Alpha = a.GetFloats()
	}
	if a := n.attrs["activation_beta"]; a != nil {
		r.Beta = a.GetFloats()
	}
	last := 0
	for i := range min(operands, len(n.in)) {
		if n.has(i) {
			last = i
		}
	}
	var in []*graph.Value
	for i := range last + 1 {
		switch {
		case n.has(i):
			in = append(in, n.in[i])
		case i == 4:
			in = append(in, n.constant(tensor.New(tensor.Int64, 0)))
		default:
			in = append(in, n.constant(tensor.New(tensor.Float32, 0)))
		}
	}
	return r, in, nil
}

func readLSTM(n *node) ([]*graph.Value, error) {
	r, in, err := n.recurrence(8)
	if err != nil {
		return nil, err
	}
	coupled, err := n.flag("input_forget", false)
	if err != nil {
		return nil, err
	}
	return n.result(op.LSTM{Recurrence: r, InputForget: coupled}, in...)
}

func readGRU(n *node) ([]*graph.Value, error) {
	r, in, err := n.recurrence(6)
	if err != nil {
		return nil, err
	}
	before, err := n.flag("linear_before_reset", false)
	if err != nil {
		return nil, err
	}
	return n.result(op.GRU{Recurrence: r, LinearBeforeReset: before}, in...)
}

func readRNN(n *node) ([]*graph.Value, error) {
	r, in, err := n.recurrence(6)
	if err != nil {
		return nil, err
	}
	return n.result(op.RNN{Recurrence: r}, in...)
}
