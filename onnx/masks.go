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
	return f.Do(op.Sub{}, f.Count(f.Extent(x, -1)), f.Along(-2, f.Count(f.Extent(x, -2))))
}

func readTrilu(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	name := "le"
	if f.flag("upper", true) {
		name = "ge"
	}
	k := f.List(0)
	if f.has(1) {
		k = f.in[1]
	}
	stays := f.Do(relation(name), f.diagonals(f.in[0]), k)
	return f.Result(op.Where{}, stays, f.in[0], f.NumberOf(f.in[0], 0))
}

func readEyeLike(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	if f.Err != nil {
		return nil, f.Err
	}
	kind := f.in[0].Type.DType
	if to := f.number("dtype", 0); to != 0 && f.Err == nil {
		wanted, err := elementType(int32(to))
		if err == nil {
			kind, err = HeldType(wanted)
		}
		f.Err = err
	}
	on := f.Do(relation("eq"), f.diagonals(f.in[0]), f.List(f.number("k", 0)))
	return f.Result(op.Cast{To: kind}, on)
}

func readOneHot(n *node) ([]*graph.Value, error) {
	f := n.formula(3)
	axis := f.number("axis", -1)
	from := f.fromEnd(axis, n.in[0], 1)
	at, depth := f.As(tensor.Int64, n.in[0]), f.As(tensor.Int64, n.in[1])
	at = f.Do(op.Where{}, f.Do(relation("lt"), at, f.List(0)), f.Do(op.Add{}, at, depth), at)
	on := f.Do(relation("eq"), f.Do(op.Unsqueeze{Axes: []int{axis}}, at), f.Along(from, f.Count(depth)))
	return f.Result(op.Where{}, on, f.Do(op.Gather{}, n.in[2], f.List(1)), f.Do(op.Gather{}, n.in[2], f.List(0)))
}

// readHardmax gives 1 to the first of the largest elements along an axis.
func readHardmax(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	axis, several, err := n.softmaxAxis(n.opset)
	if err != nil {
		return nil, err
	}
	if axis = f.fromEnd(axis, n.in[0], 0); several && axis != -1 {
		f.Refuse("of operator set %d over several axes is not read", n.opset)
	}
	first := f.Do(op.ArgMax{Axis: axis, KeepDim: true}, n.in[0])
	on := f.Do(relation("eq"), f.Along(axis, f.Count(f.Extent(n.in[0], axis))), first)
	return f.Result(op.Cast{To: tensor.Float32}, on)
}

// readCompress takes the elements along an axis, or of all, where a condition holds.
func readCompress(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	x, axis := n.in[0], f.number("axis", 0)
	if n.attrs["axis"] == nil {
		x = f.Do(op.Reshape{Shape: []int{-1}}, x)
	}
	at := f.Do(op.Reshape{Shape: []int{-1}}, f.Do(op.NonZero{}, n.in[1]))
	return f.Result(op.Gather{Axis: axis}, x, at)
}

func readUnique(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	o := op.Unique{InOrder: !f.flag("sorted", true), Axis: f.number("axis", 0), Flat: n.attrs["axis"] == nil}
	return f.Result(o, n.in[0])
}

// readTensorScatter writes rows of a cache in place: those of each batch from an index on.
func readTensorScatter(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	cache, update := n.in[0], n.in[1]
	axis := f.fromEnd(f.number("axis", -2), cache, 0)
	at := f.Along(axis, f.Count(f.Extent(update, axis)))
	if f.has(2) && f.Err == nil {
		rank, err := n.rank(cache)
		if err != nil {
			return nil, err
		}
		at = f.Do(op.Add{}, at, f.Along(-rank, n.in[2]))
	}
	switch mode := f.text("mode", "linear"); mode {
	case "linear":
	case "circular":
		at = f.Do(op.Pairwise{Name: "remainder"}, at, f.Extent(cache, axis))
	default:
		f.Refuse("mode %q; linear and circular are read", mode)
	}
	return f.Result(op.ScatterElements{Axis: axis}, cache, f.Do(op.Expand{}, at, f.Shape(update)), update)
}
