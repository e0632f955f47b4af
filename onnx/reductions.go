package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// reductions name ONNX's reductions in PyTorch's words.
var reductions = func() map[string]importer {
	table := map[string]importer{}
	for name, reduction := range map[string]string{
		"ReduceSum": "sum", "ReduceMax": "amax", "ReduceMin": "amin", "ReduceProd": "prod", "ReduceL1": "l1_norm",
		"ReduceL2": "l2_norm", "ReduceLogSum": "log_sum", "ReduceLogSumExp": "logsumexp", "ReduceSumSquare": "sum_square",
	} {
		table[name] = reduce(func(axes []int, keep bool) graph.Op { return op.Reduce{Name: reduction, Axes: axes, KeepDim: keep} })
	}
	table["ReduceMean"] = reduce(func(axes []int, keep bool) graph.Op { return op.Mean{Axes: axes, KeepDim: keep} })
	return table
}()

func reduce(of func(axes []int, keep bool) graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		if err := n.need(1); err != nil {
			return nil, err
		}
		keep, err := n.flag("keepdims", true)
		if err != nil {
			return nil, err
		}
		nothing, err := n.flag("noop_with_empty_axes", false)
		if err != nil {
			return nil, err
		}
		axes, err := n.numbersOf(1, "axes")
		if err != nil {
			return nil, err
		}
		f := n.formula(1)
		x := n.in[0]
		if len(axes) == 0 && nothing { // each element by itself
			x, axes, keep = f.Do(op.Unsqueeze{Axes: []int{0}}, x), []int{0}, false
		} else if len(axes) == 0 {
			axes = nil
		}
		if x != nil && x.Type.DType == tensor.Bool { // some or all, by the largest or the smallest
			y := f.Do(of(axes, keep), f.As(tensor.Int64, x))
			return f.Result(relation("gt"), y, f.List(0))
		}
		return f.Result(of(axes, keep), x)
	}
}
