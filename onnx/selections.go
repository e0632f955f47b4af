package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var selections = map[string]importer{
	"NonZero": simple(op.NonZero{}, 1),
	"TopK":    readTopK,

	"NonMaxSuppression": readNonMaxSuppression,

	"ArgMax": argExtreme(false),
	"ArgMin": argExtreme(true),
	"CumSum": cumulative(func(axis int, exclusive, reverse bool) graph.Op {
		return op.CumSum{Axis: axis, Exclusive: exclusive, Reverse: reverse}
	}),
	"CumProd": cumulative(func(axis int, exclusive, reverse bool) graph.Op {
		return op.CumProd{Axis: axis, Exclusive: exclusive, Reverse: reverse}
	}),
	"Det": simple(op.Det{}, 1),
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

// readNonMaxSuppression gives inputs that are left out in front of others their defaults.
func readNonMaxSuppression(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	center, err := n.flag("center_point_box", false)
	if err != nil {
		return nil, err
	}
	in := n.in[:2:2]
	for i := 2; i < min(len(n.in), 5); i++ {
		switch v := n.in[i]; {
		case v != nil:
			in = append(in, v)
		case i == 2:
			in = append(in, n.constant(tensor.New(tensor.Int64, 1)))
		case i == 3:
			in = append(in, n.constant(tensor.New(tensor.Float32, 1)))
		}
	}
	if len(in) == 2 {
		in = append(in, n.constant(tensor.New(tensor.Int64, 1)))
	}
	return n.result(op.NonMaxSuppression{CenterPointBox: center}, in...)
}

func argExtreme(smallest bool) importer {
	return func(n *node) ([]*graph.Value, error) {
		axis, err := n.number("axis", 0)
		if err != nil {
			return nil, err
		}
		keep, err := n.flag("keepdims", true)
		if err != nil {
			return nil, err
		}
		last, err := n.flag("select_last_index", false)
		if err != nil {
			return nil, err
		}
		return simple(op.ArgMax{Axis: axis, KeepDim: keep, Smallest: smallest, Last: last}, 1)(n)
	}
}

// cumulative reads what adds up or multiplies along an axis.
func cumulative(of func(axis int, exclusive, reverse bool) graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		f := n.formula(2)
		if f.Err != nil {
			return nil, f.Err
		}
		axis, err := n.numbersOf(1, "axis")
		if err != nil {
			return nil, err
		}
		if len(axis) != 1 {
			return nil, fmt.Errorf("axis %v; one is expected", axis)
		}
		return f.Result(of(axis[0], f.flag("exclusive", false), f.flag("reverse", false)), n.in[0])
	}
}
