package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// ownFunctions are the functions that octet writes, and reads without their bodies.
var ownFunctions = map[string]importer{
	forwardGRUName:  readDynamicGRU(""),
	backwardGRUName: readDynamicGRU("reverse"),
}

// readDynamicGRU reads a call of a function that dynamicGRU writes.
func readDynamicGRU(direction string) importer {
	g := op.GRU{LinearBeforeReset: true}
	g.Direction = direction
	return func(n *node) ([]*graph.Value, error) { return n.dynamicGRU(g) }
}

func (n *node) dynamicGRU(g op.GRU) ([]*graph.Value, error) {
	if err := n.need(len(dynamicGRUInputs)); err != nil {
		return nil, err
	}
	in := []*graph.Value{n.in[0], nil, nil, nil, n.constant(tensor.New(tensor.Int64, 0))}
	var biases []float32
	for i := range 2 {
		var err error
		if in[1+i], err = n.gateCodes(1+i, 3+2*i); err != nil {
			return nil, err
		}
		b := n.in[7+i]
		if b.Role != graph.Parameter || b.Type.DType != tensor.Float32 || b.Data.Numel() != in[1+i].Data.Dim(0) {
			return nil, fmt.Errorf("input %d is %v; a constant bias for each of %d gates is read", 7+i, b.Type, in[1+i].Data.Dim(0))
		}
		biases = append(biases, b.Data.Float32s()...)
	}
	in[3] = n.constant(tensor.Of(biases, 1, len(biases)))
	if !everySequence(n.in[9]) {
		state, err := n.step(op.Reshape{Shape: []int{1, -1, in[2].Data.Dim(1)}}, n.in[9])
		if err != nil {
			return nil, err
		}
		in = append(in, state)
	}
	n.integer()
	return n.add(n.first(), op.DynamicGRU{GRU: g}, in...)
}

// everySequence reports whether a state is one of zeros, with which recurrences begin anyway.
func everySequence(v *graph.Value) bool {
	return v.Role == graph.Parameter && v.Type.DType == tensor.Float32 && len(v.Data.Shape()) == 2 && v.Data.Dim(0) == 1 &&
		!slices.ContainsFunc(v.Data.Float32s(), func(x float32) bool { return x != 0 })
}
