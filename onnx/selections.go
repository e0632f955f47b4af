package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

var selections = map[string]importer{
	"NonZero": simple(op.NonZero{}, 1),
	"TopK":    readTopK,
}

func readTopK(n *node) ([]*graph.Value, error) {
	axis, err := n.number("axis", -1)
	if err != nil {
		return nil, err
	}
	largest, err := n.flag("largest", true)
	if err != nil {
		return nil, err
	}
	return simple(op.TopK{Axis: axis, Smallest: !largest}, 2)(n)
}
