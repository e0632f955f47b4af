package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

var normalisations = map[string]importer{
	"BatchNormalization": readBatchNorm,
	"LayerNormalization": readLayerNorm,
	"Softmax":            readSoftmax,
}

func readBatchNorm(n *node) ([]*graph.Value, error) {
	eps, err := n.real("epsilon", 1e-5)
	if err != nil {
		return nil, err
	}
	training, err := n.flag("training_mode", false)
	if err != nil {
		return nil, err
	}
	if training {
		return nil, fmt.Errorf("in training mode: export the model after model.eval()")
	}
	return simple(op.BatchNorm{Eps: float64(eps)}, 5)(n)
}

func readLayerNorm(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	axis, err := n.number("axis", -1)
	if err != nil {
		return nil, err
	}
	eps, err := n.real("epsilon", 1e-5)
	if err != nil {
		return nil, err
	}
	in := n.in[:2]
	if n.has(2) {
		in = n.in[:3]
	}
	return n.result(op.LayerNorm{Axis: axis, Eps: float64(eps)}, in...)
}

// readSoftmax reads softmax along one axis. Before operator set 13 it was over all axes
// from one on, which is the same for the last.
func readSoftmax(n *node) ([]*graph.Value, error) {
	otherwise := -1
	if n.opset < 13 {
		otherwise = 1
	}
	axis, err := n.number("axis", otherwise)
	if err != nil {
		return nil, err
	}
	if n.opset >= 13 || axis == -1 {
		return simple(op.Softmax{Axis: axis}, 1)(n)
	}
	if err := n.need(1); err != nil {
		return nil, err
	}
	rows, err := n.step(op.Flatten{Start: axis, End: -1}, n.in[0])
	if err != nil {
		return nil, err
	}
	if rows, err = n.step(op.Softmax{Axis: -1}, rows); err != nil {
		return nil, err
	}
	shape, err := n.step(op.Shape{}, n.in[0])
	if err != nil {
		return nil, err
	}
	return n.result(op.Reshape{}, rows, shape)
}
