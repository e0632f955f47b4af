package pt2

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var normalisations = map[string]importer{
	"batch_norm.default":                           readBatchNorm,
	"_native_batch_norm_legit_no_training.default": readBatchNorm,
	"instance_norm.default":                        readInstanceNorm,
	"group_norm.default":                           readGroupNorm,
	"layer_norm.default":                           readLayerNorm,
	"native_layer_norm.default":                    readLayerNorm,
	"rms_norm.default":                             readRMSNorm,
	"softmax.int":                                  readSoftmax,
	"_softmax.default":                             readSoftmax,
	"log_softmax.int":                              readSoftmax,
	"_log_softmax.default":                         readSoftmax,
}

// filled is an operand, or where it is None a constant of one number for each channel of input.
func (n *node) filled(name string, with float32) *graph.Value {
	if v := n.optional(name); v != nil || n.Err != nil {
		return v
	}
	m := n.meta("input")
	if len(m.Sizes) < 2 || !m.Sizes[1].fixed || m.Sizes[1].size > maxFilled {
		n.Refuse("the number of its channels is %w", graph.ErrComputed)
		return nil
	}
	data := make([]float32, m.Sizes[1].size)
	for i := range data {
		data[i] = with
	}
	return n.Constant(tensor.Of(data, len(data)))
}

// maxFilled limits constants that a file does not hold.
const maxFilled = 1 << 20

func readBatchNorm(n *node) ([]*graph.Value, error) {
	if n.target == "batch_norm.default" && n.flag("training") {
		n.Refuse("in training mode: export the model after model.eval()")
	}
	in := []*graph.Value{n.tensor("input"), n.filled("weight", 1), n.filled("bias", 0), n.tensor("running_mean"), n.tensor("running_var")}
	y, err := n.Result(op.BatchNorm{Eps: n.real("eps")}, in...)
	return n.unread(y), err
}

func readInstanceNorm(n *node) ([]*graph.Value, error) {
	eps := n.real("eps")
	in := []*graph.Value{n.tensor("input"), n.filled("weight", 1), n.filled("bias", 0)}
	if n.flag("use_input_stats") {
		return n.Result(op.GroupNorm{Eps: eps}, in...)
	}
	return n.Result(op.BatchNorm{Eps: eps}, append(in, n.tensor("running_mean"), n.tensor("running_var"))...)
}

func readGroupNorm(n *node) ([]*graph.Value, error) {
	o := op.GroupNorm{Groups: n.whole("num_groups"), Eps: n.real("eps")}
	return n.Result(o, n.tensor("input"), n.filled("weight", 1), n.filled("bias", 0))
}

// weighted are the operands of a normalisation over the last axes.
func (n *node) weighted() []*graph.Value {
	x, weight, bias := n.tensor("input"), n.optional("weight"), n.optional("bias")
	if n.Err == nil && weight == nil && bias != nil {
		n.Refuse("a bias without a weight is not read")
	}
	return given(x, weight, bias)
}

func readLayerNorm(n *node) ([]*graph.Value, error) {
	moments := n.target == "native_layer_norm.default" && (n.isRead(1) || n.isRead(2))
	y, err := n.Result(op.LayerNorm{Axis: -len(n.wholes("normalized_shape")), Eps: n.real("eps"), Moments: moments}, n.weighted()...)
	return n.unread(y), err
}

// smallest is the distance of 1 to the next float32, which PyTorch adds where no eps is given.
const smallest = 1.1920928955078125e-07

// readRMSNorm divides by the root of the mean of squares over the last axes.
func readRMSNorm(n *node) ([]*graph.Value, error) {
	x, weight, eps := n.tensor("input"), n.optional("weight"), smallest
	if !n.none("eps") {
		eps = n.real("eps")
	}
	var axes []int
	for i := range n.wholes("normalized_shape") {
		axes = append(axes, -1-i)
	}
	mean := n.Do(op.Mean{Axes: axes, KeepDim: true}, n.Do(op.Mul{}, x, x))
	root := n.Do(function("sqrt"), n.Do(op.Add{}, mean, n.Scalar(float32(eps))))
	if weight == nil {
		return n.Result(op.Div{}, x, root)
	}
	return n.Result(op.Mul{}, n.Do(op.Div{}, x, root), weight)
}

func readSoftmax(n *node) ([]*graph.Value, error) {
	axis, x := n.axis("dim", "self"), n.real32("self")
	if n.target == "log_softmax.int" || n.target == "_log_softmax.default" {
		return n.Result(op.LogSoftmax{Axis: axis}, x)
	}
	return n.Result(op.Softmax{Axis: axis}, x)
}
