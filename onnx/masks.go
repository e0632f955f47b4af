package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// masks are operators that compare places: a comparison of indices says which elements stay.
var masks = map[string]importer{
	"Trilu":    readTrilu,
	"EyeLike":  readEyeLike,
	"OneHot":   readOneHot,
	"Hardmax":  readHardmax,
	"Compress": readCompress,
	"Unique":   readUnique,
	"Scatter":  readScatterElements, // its name before operator set 11

	"TensorScatter": readTensorScatter,
}

// diagonals is, for each element of the last two axes of x, its column less its row.
func (f *formula) diagonals(x *graph.Value) *graph.Value {
	return f.do(op.Sub{}, f.count(f.extent(x, -1)), f.along(-2, f.count(f.extent(x, -2))))
}

func readTrilu(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	name := "le"
	if f.flag("upper", true) {
		name = "ge"
	}
	k := f.list(0)
	if f.has(1) {
		k = f.in[1]
	}
	stays := f.do(relation(name), f.diagonals(f.in[0]), k)
	return f.result(op.Where{}, stays, f.in[0], f.numberOf(f.in[0], 0))
}

func readEyeLike(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	if f.err != nil {
		return nil, f.err
	}
	kind := f.in[0].Type.DType
	if to := f.number("dtype", 0); to != 0 && f.err == nil {
		wanted, err := elementType(int32(to))
		if err == nil {
			kind, err = held(wanted)
		}
		f.err = err
	}
	on := f.do(relation("eq"), f.diagonals(f.in[0]), f.list(f.number("k", 0)))
	return f.result(op.Cast{To: kind}, on)
}

func readOneHot(n *node) ([]*graph.Value, error) {
	f := n.formula(3)
	axis := f.number("axis", -1)
	from := f.fromEnd(axis, n.in[0], 1)
	at, depth := f.as(tensor.Int64, n.in[0]), f.as(tensor.Int64, n.in[1])
	at = f.do(op.Where{}, f.do(relation("lt"), at, f.list(0)), f.do(op.Add{}, at, depth), at)
	on := f.do(relation("eq"), f.do(op.Unsqueeze{Axes: []int{axis}}, at), f.along(from, f.count(depth)))
	return f.result(op.Where{}, on, f.do(op.Gather{}, n.in[2], f.list(1)), f.do(op.Gather{}, n.in[2], f.list(0)))
}

// readHardmax gives 1 to the first of the largest elements along an axis.
func readHardmax(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	axis, several, err := n.softmaxAxis(n.opset)
	if err != nil {
		return nil, err
	}
	if axis = f.fromEnd(axis, n.in[0], 0); several && axis != -1 {
		f.refuse("of operator set %d over several axes is not read", n.opset)
	}
	first := f.do(op.ArgMax{Axis: axis, KeepDim: true}, n.in[0])
	on := f.do(relation("eq"), f.along(axis, f.count(f.extent(n.in[0], axis))), first)
	return f.result(op.Cast{To: tensor.Float32}, on)
}

// readCompress takes the elements along an axis, or of all, where a condition holds.
func readCompress(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	x, axis := n.in[0], f.number("axis", 0)
	if n.attrs["axis"] == nil {
		x = f.do(op.Reshape{Shape: []int{-1}}, x)
	}
	at := f.do(op.Reshape{Shape: []int{-1}}, f.do(op.NonZero{}, n.in[1]))
	return f.result(op.Gather{Axis: axis}, x, at)
}

func readUnique(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	o := op.Unique{InOrder: !f.flag("sorted", true), Axis: f.number("axis", 0), Flat: n.attrs["axis"] == nil}
	return f.result(o, n.in[0])
}

// readTensorScatter writes rows of a cache in place: those of each batch from an index on.
func readTensorScatter(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	cache, update := n.in[0], n.in[1]
	axis := f.fromEnd(f.number("axis", -2), cache, 0)
	at := f.along(axis, f.count(f.extent(update, axis)))
	if f.has(2) && f.err == nil {
		rank, err := n.rank(cache)
		if err != nil {
			return nil, err
		}
		at = f.do(op.Add{}, at, f.along(-rank, n.in[2]))
	}
	switch mode := f.text("mode", "linear"); mode {
	case "linear":
	case "circular":
		at = f.do(op.Pairwise{Name: "remainder"}, at, f.extent(cache, axis))
	default:
		f.refuse("mode %q; linear and circular are read", mode)
	}
	return f.result(op.ScatterElements{Axis: axis}, cache, f.do(op.Expand{}, at, f.shape(update)), update)
}
