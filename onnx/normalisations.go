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
	"LogSoftmax":         readLogSoftmax,

	"InstanceNormalization": readInstanceNorm,
	"GroupNormalization":    readGroupNorm,
	"LRN":                   readLRN,
	"LpNormalization":       readLpNorm,

	"MeanVarianceNormalization": readMeanVarianceNorm,
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
	return n.result(op.LayerNorm{Axis: axis, Eps: float64(eps), Moments: len(n.proto.GetOutput()) > 1}, in...)
}

// softmaxAxis is the axis of a softmax. Before operator set 13 it was over several: all from
// one on, which is the same for the last.
func (n *node) softmaxAxis(opset int) (axis int, several bool, err error) {
	otherwise := -1
	if opset < 13 {
		otherwise = 1
	}
	axis, err = n.number("axis", otherwise)
	return axis, opset < 13 && axis != -1, err
}

func readSoftmax(n *node) ([]*graph.Value, error) {
	axis, several, err := n.softmaxAxis(n.opset)
	if err != nil {
		return nil, err
	}
	if !several {
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

func readLogSoftmax(n *node) ([]*graph.Value, error) {
	axis, several, err := n.softmaxAxis(n.opset)
	if err != nil {
		return nil, err
	}
	if several {
		return nil, fmt.Errorf("axis %d of operator set %d, over several axes, is not read", axis, n.opset)
	}
	return simple(op.LogSoftmax{Axis: axis}, 1)(n)
}

func readInstanceNorm(n *node) ([]*graph.Value, error) {
	eps, err := n.real("epsilon", 1e-5)
	if err != nil {
		return nil, err
	}
	return simple(op.GroupNorm{Eps: float64(eps)}, 3)(n)
}

// readGroupNorm: before operator set 21 scale and bias were of groups.
func readGroupNorm(n *node) ([]*graph.Value, error) {
	if n.opset < 21 {
		return nil, fmt.Errorf("before operator set 21, whose scale is of groups")
	}
	eps, err := n.real("epsilon", 1e-5)
	if err != nil {
		return nil, err
	}
	groups, err := n.number("num_groups", 0)
	if err != nil {
		return nil, err
	}
	return simple(op.GroupNorm{Groups: groups, Eps: float64(eps)}, 3)(n)
}

func readLRN(n *node) ([]*graph.Value, error) {
	o := op.LocalResponseNorm{}
	var err error
	if o.Size, err = n.number("size", 0); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name  string
		usual float32
		to    *float64
	}{{"alpha", 0.0001, &o.Alpha}, {"beta", 0.75, &o.Beta}, {"bias", 1, &o.K}} {
		v, err := n.real(f.name, f.usual)
		if err != nil {
			return nil, err
		}
		*f.to = float64(v)
	}
	return simple(o, 1)(n)
}

func readMeanVarianceNorm(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	mean := op.Mean{Axes: f.numbers("axes", []int{0, 2, 3}), KeepDim: true}
	apart := f.Do(op.Sub{}, n.in[0], f.Do(mean, n.in[0]))
	deviation := f.Do(function("sqrt"), f.Do(mean, f.Do(op.Mul{}, apart, apart)))
	return f.Result(op.Div{}, apart, f.Do(op.Add{}, deviation, f.Scalar(1e-9)))
}

func readLpNorm(n *node) ([]*graph.Value, error) {
	axis, err := n.number("axis", -1)
	if err != nil {
		return nil, err
	}
	p, err := n.number("p", 2)
	if err != nil {
		return nil, err
	}
	return simple(op.LpNorm{Axis: axis, P: p}, 1)(n)
}
