package pt2

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// creations make tensors of one number, or of numbers in order.
var creations = map[string]importer{
	"zeros.default":         created("size", 0),
	"ones.default":          created("size", 1),
	"full.default":          readFull,
	"empty.memory_format":   created("size", 0),
	"new_zeros.default":     created("size", 0),
	"new_ones.default":      created("size", 1),
	"new_full.default":      readFull,
	"new_empty.default":     created("size", 0),
	"zeros_like.default":    alike(0),
	"ones_like.default":     alike(1),
	"empty_like.default":    alike(0),
	"full_like.default":     readFullLike,
	"scalar_tensor.default": readScalarTensor,
	"arange.default":        readARange,
	"arange.start":          readARange,
	"arange.start_step":     readARange,
	"linspace.default":      readLinSpace,
	"eye.default":           readEye,
	"eye.m":                 readEye,
}

// created has one number everywhere.
func created(sizes string, number int) importer {
	return func(n *node) ([]*graph.Value, error) {
		return n.Result(op.Expand{}, n.As(n.kind(), n.List(number)), n.vector(n.sizes(sizes)))
	}
}

func readFull(n *node) ([]*graph.Value, error) {
	value := n.As(n.kind(), n.operand("fill_value"))
	return n.Result(op.Expand{}, value, n.vector(n.sizes("size")))
}

func alike(number int) importer {
	return func(n *node) ([]*graph.Value, error) {
		return n.Result(op.Expand{}, n.As(n.kind(), n.List(number)), n.Shape(n.tensor("self")))
	}
}

func readFullLike(n *node) ([]*graph.Value, error) {
	return n.Result(op.Expand{}, n.As(n.kind(), n.operand("fill_value")), n.Shape(n.tensor("self")))
}

func readScalarTensor(n *node) ([]*graph.Value, error) {
	return n.Result(op.StridedSlice{}, n.As(n.kind(), n.operand("s")))
}

// readARange counts from start up to, not including, end.
func readARange(n *node) ([]*graph.Value, error) {
	start, step := n.NumberOf(n.operand("end"), 0), n.NumberOf(n.operand("end"), 1)
	if n.target != "arange.default" {
		start = n.operand("start")
	}
	if n.target == "arange.start_step" {
		step = n.operand("step")
	}
	return n.Result(op.ARange{}, n.As(n.kind(), start), n.As(n.kind(), n.operand("end")), n.As(n.kind(), step))
}

// readLinSpace reads constant bounds alone; half of the numbers are counted from the end, as
// PyTorch does.
func readLinSpace(n *node) ([]*graph.Value, error) {
	from, to, steps := n.real("start"), n.real("end"), n.whole("steps")
	if steps < 0 || steps > maxFilled {
		n.Refuse("%d steps; at most %d are read", steps, maxFilled)
		return nil, n.Err
	}
	step := 0.0
	if steps > 1 {
		step = (to - from) / float64(steps-1)
	}
	data := make([]float32, steps)
	for i := range data {
		if data[i] = float32(from + float64(float64(i)*step)); i >= steps/2 {
			data[i] = float32(to - float64(float64(steps-1-i)*step))
		}
	}
	if steps == 1 {
		data[0] = float32(from)
	}
	return []*graph.Value{n.As(n.kind(), n.Constant(tensor.Of(data, len(data))))}, n.Err
}

func readEye(n *node) ([]*graph.Value, error) {
	rows := n.sizes("n")
	columns := rows
	if n.target == "eye.m" {
		columns = n.sizes("m")
	}
	on := n.Do(relation("eq"), n.Count(n.vector(columns)), n.Along(-2, n.Count(n.vector(rows))))
	return n.Result(op.Cast{To: n.kind()}, on)
}
