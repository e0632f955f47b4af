package pt2

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var reductions = map[string]importer{
	"mean.dim":                   readMean,
	"mean.default":               readMean,
	"sum.dim_IntList":            reduced("sum"),
	"sum.default":                reduced("sum"),
	"prod.dim_int":               reduced("prod"),
	"prod.default":               reduced("prod"),
	"amax.default":               reduced("amax"),
	"amin.default":               reduced("amin"),
	"max.default":                reduced("amax"),
	"min.default":                reduced("amin"),
	"logsumexp.default":          reduced("logsumexp"),
	"max.dim":                    extreme("amax", false),
	"min.dim":                    extreme("amin", true),
	"argmax.default":             argExtreme(false),
	"argmin.default":             argExtreme(true),
	"any.default":                truth("amax"),
	"any.dim":                    truth("amax"),
	"all.default":                truth("amin"),
	"all.dim":                    truth("amin"),
	"var.correction":             readVariance(false),
	"var.dim":                    readVariance(false),
	"var.default":                readVariance(false),
	"std.correction":             readVariance(true),
	"std.dim":                    readVariance(true),
	"std.default":                readVariance(true),
	"linalg_vector_norm.default": readNorm,
	"norm.ScalarOpt_dim":         readNorm,
	"cumsum.default":             readCumSum,
}

// over are the axes of a reduction: all, where the argument is None, empty or not there.
func (n *node) over() (axes []int, keep bool) {
	if n.has("keepdim") {
		keep = n.flag("keepdim")
	}
	if n.has("dim") {
		axes = n.axes("dim", "self")
	}
	if len(axes) == 0 { // named, since nothing stands for all only where there are some
		axes = n.order()
	}
	return axes, keep
}

func readMean(n *node) ([]*graph.Value, error) {
	axes, keep := n.over()
	return n.Result(op.Mean{Axes: axes, KeepDim: keep}, n.real32("self"))
}

func reduced(name string) importer {
	return func(n *node) ([]*graph.Value, error) {
		axes, keep := n.over()
		x := n.As(n.kind(), n.tensor("self"))
		if len(axes) == 0 {
			return n.Result(op.StridedSlice{}, x)
		}
		return n.Result(op.Reduce{Name: name, Axes: axes, KeepDim: keep}, x)
	}
}

// extreme gives the largest or smallest elements along an axis, and their places.
func extreme(name string, least bool) importer {
	return func(n *node) ([]*graph.Value, error) {
		axis, keep, x := n.axis("dim", "self"), n.flag("keepdim"), n.tensor("self")
		if n.rank("self") == 0 {
			n.Refuse("of a number")
		}
		y, err := n.Result(op.Reduce{Name: name, Axes: []int{axis}, KeepDim: keep}, x)
		if err != nil {
			return nil, err
		}
		return append(y, n.Do(op.ArgMax{Axis: axis, KeepDim: keep, Smallest: least}, x)), n.Err
	}
}

func argExtreme(least bool) importer {
	return func(n *node) ([]*graph.Value, error) {
		x := n.tensor("self")
		if n.none("dim") {
			if n.flag("keepdim") {
				n.Refuse("of all elements, with their axes")
			}
			return n.Result(op.ArgMax{Smallest: least}, n.Do(reshape(-1), x))
		}
		return n.Result(op.ArgMax{Axis: n.axis("dim", "self"), KeepDim: n.flag("keepdim"), Smallest: least}, x)
	}
}

// truth says whether elements are true: one of them, or all.
func truth(name string) importer {
	return func(n *node) ([]*graph.Value, error) {
		axes, keep := n.over()
		x := n.As(tensor.Int64, n.As(tensor.Bool, n.tensor("self")))
		if len(axes) > 0 {
			x = n.Do(op.Reduce{Name: name, Axes: axes, KeepDim: keep}, x)
		}
		return n.Result(op.Cast{To: tensor.Bool}, x)
	}
}

// readVariance reads the mean of squared distances to the mean, or its root.
func readVariance(root bool) importer {
	return func(n *node) ([]*graph.Value, error) {
		axes, keep := n.over()
		x := n.real32("self")
		less := 1.0
		switch n.target {
		case "var.correction", "std.correction":
			if !n.none("correction") {
				less = n.real("correction")
			}
		default:
			if !n.flag("unbiased") {
				less = 0
			}
		}
		count := 1.0
		for _, axis := range axes {
			count *= float64(n.extentOf(axis))
		}
		apart := n.Do(op.Sub{}, x, n.Do(op.Mean{Axes: axes, KeepDim: true}, x))
		factor := n.Scalar(float32(count / math.Max(0, count-less)))
		mean := n.Do(op.Mean{Axes: axes, KeepDim: keep}, n.Do(op.Mul{}, apart, apart))
		if root {
			return n.Result(function("sqrt"), n.Do(op.Mul{}, mean, factor))
		}
		return n.Result(op.Mul{}, mean, factor)
	}
}

func readNorm(n *node) ([]*graph.Value, error) {
	axes, keep := n.over()
	name := "ord"
	if n.target == "norm.ScalarOpt_dim" {
		name = "p"
	}
	ord := 2.0
	if !n.none(name) {
		ord = n.real(name)
	}
	x := n.real32("self")
	switch {
	case ord == 1:
		return n.Result(op.Reduce{Name: "l1_norm", Axes: axes, KeepDim: keep}, x)
	case ord == 2:
		return n.Result(op.Reduce{Name: "l2_norm", Axes: axes, KeepDim: keep}, x)
	case math.IsInf(ord, 1):
		return n.Result(op.Reduce{Name: "amax", Axes: axes, KeepDim: keep}, n.Do(function("abs"), x))
	}
	n.Refuse("the norm of order %v; 1, 2 and infinity are read", ord)
	return nil, n.Err
}

func readCumSum(n *node) ([]*graph.Value, error) {
	return n.Result(op.CumSum{Axis: n.axis("dim", "self")}, n.As(n.kind(), n.tensor("self")))
}
