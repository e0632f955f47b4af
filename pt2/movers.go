package pt2

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// movers change the shape or the order of elements, most of them by a view.
var movers = map[string]importer{
	"alias.default":           readSame,
	"detach.default":          readSame,
	"dropout.default":         readDropout,
	"feature_dropout.default": readDropout,
	"alpha_dropout.default":   readDropout,
	"contiguous.default":      readMaybe,
	"clone.default":           readCopy,
	"lift_fresh_copy.default": readCopy,
	"lift_fresh.default":      readCopy,
	"copy.default":            readOver,
	"fill.Scalar":             readFill,
	"fill.Tensor":             readFill,
	"zero.default":            readFill,
	"view.default":            readView(true),
	"_unsafe_view.default":    readView(false),
	"reshape.default":         readView(false),
	"view_as.default":         readReshapeAs,
	"reshape_as.default":      readReshapeAs,
	"flatten.using_ints":      readFlatten,
	"unflatten.int":           readUnflatten,
	"transpose.int":           readTranspose,
	"swapaxes.default":        readTranspose,
	"swapdims.default":        readTranspose,
	"permute.default":         readPermute,
	"t.default":               readLastTwo,
	"mT.default":              readLastTwo,
	"numpy_T.default":         readReversed,
	"movedim.int":             readMoveDim,
	"unsqueeze.default":       readUnsqueeze,
	"squeeze.dim":             readSqueeze,
	"squeeze.dims":            readSqueeze,
	"squeeze.default":         readSqueeze,
	"expand.default":          readExpand,
	"expand_as.default":       readExpandAs,
	"repeat.default":          readRepeat,
}

// sees makes the result a view of self. put is nil where PyTorch may copy instead.
func (n *node) sees(get func(n *node, base *graph.Value) (*graph.Value, error), put func(n *node, base, part *graph.Value) (*graph.Value, error)) ([]*graph.Value, error) {
	base := n.tensor("self")
	if n.Err != nil {
		return nil, n.Err
	}
	y, err := get(n, base)
	if err != nil {
		return nil, err
	}
	n.seen, n.view = n.entry("self"), &view{get, put}
	return []*graph.Value{y}, nil
}

// moved is a view by an operator that keeps all elements; back is nil where they come back into
// the shape of the base alone.
func (n *node) moved(o, back graph.Op, sure bool) ([]*graph.Value, error) {
	first := true
	get := func(n *node, base *graph.Value) (*graph.Value, error) {
		if first { // the node's own result has its name
			first = false
			y, err := n.Result(o, base)
			if err != nil {
				return nil, err
			}
			return y[0], nil
		}
		return n.Step(o, base)
	}
	if !sure {
		return n.sees(get, nil)
	}
	return n.sees(get, func(n *node, base, part *graph.Value) (*graph.Value, error) {
		if back != nil {
			return n.Step(back, part)
		}
		shape, err := n.Step(op.Shape{}, base)
		if err != nil {
			return nil, err
		}
		return n.Step(op.Reshape{}, part, shape)
	})
}

// itself is the view of a tensor that is all of it.
func itself(_ *node, base *graph.Value) (*graph.Value, error) { return base, nil }

func readSame(n *node) ([]*graph.Value, error) {
	return n.sees(itself, func(_ *node, _, part *graph.Value) (*graph.Value, error) { return part, nil })
}

// readMaybe gives a tensor that may be the operand itself or a copy of it.
func readMaybe(n *node) ([]*graph.Value, error) { return n.sees(itself, nil) }

// readCopy gives a tensor of its own.
func readCopy(n *node) ([]*graph.Value, error) {
	v := n.tensor("self")
	return []*graph.Value{v}, n.Err
}

// readDropout does nothing in a model that is run.
func readDropout(n *node) ([]*graph.Value, error) {
	if n.flag("train") && n.real("p") != 0 {
		n.Refuse("in training mode, whose results are random: export the model after model.eval()")
	}
	v := n.tensor("input")
	if n.Err != nil {
		return nil, n.Err
	}
	if !n.inPlace {
		n.seen, n.view = n.entry("input"), &view{itself, func(_ *node, _, part *graph.Value) (*graph.Value, error) { return part, nil }}
	}
	return []*graph.Value{v}, nil
}

// readOver gives src in the shape and type of self.
func readOver(n *node) ([]*graph.Value, error) {
	return n.Result(op.Expand{}, n.As(n.kind(), n.tensor("src")), n.Shape(n.tensor("self")))
}

func readFill(n *node) ([]*graph.Value, error) {
	value := n.Scalar(0)
	if n.target != "zero.default" {
		value = n.operand("value")
	}
	return n.Result(op.Expand{}, n.As(n.kind(), value), n.Shape(n.tensor("self")))
}

// shaped is the operator that gives x a shape. One extent that only a run tells is inferred.
func (n *node) shaped(sizes []size) (graph.Op, []*graph.Value) {
	list, free := make([]int, len(sizes)), 0
	for i, s := range sizes {
		if list[i] = s.at; s.value != nil {
			list[i], free = -1, free+1
		} else if s.at == -1 {
			free++
		} else if s.at == 0 {
			free += 2 // nothing can be inferred beside it
		}
	}
	if free < 2 || !slices.ContainsFunc(sizes, func(s size) bool { return s.value != nil }) {
		return op.Reshape{Shape: list}, nil
	}
	return op.Reshape{}, []*graph.Value{n.vector(sizes)}
}

// viewed is a view of another shape.
func (n *node) viewed(sizes []size, sure bool) ([]*graph.Value, error) {
	o, with := n.shaped(sizes)
	if n.Err != nil {
		return nil, n.Err
	}
	if with == nil {
		return n.moved(o, nil, sure)
	}
	get := func(n *node, base *graph.Value) (*graph.Value, error) { return n.Step(o, base, with[0]) }
	if !sure {
		return n.sees(get, nil)
	}
	return n.sees(get, func(n *node, base, part *graph.Value) (*graph.Value, error) {
		shape, err := n.Step(op.Shape{}, base)
		if err != nil {
			return nil, err
		}
		return n.Step(op.Reshape{}, part, shape)
	})
}

func readView(sure bool) importer {
	return func(n *node) ([]*graph.Value, error) {
		name := "size"
		if n.target == "reshape.default" {
			name = "shape"
		}
		return n.viewed(n.sizes(name), sure)
	}
}

func readReshapeAs(n *node) ([]*graph.Value, error) {
	return n.Result(op.Reshape{}, n.tensor("self"), n.Shape(n.tensor("other")))
}

func readFlatten(n *node) ([]*graph.Value, error) {
	if n.rank("self") == 0 {
		return n.moved(reshape(1), nil, true)
	}
	return n.moved(op.Flatten{Start: n.axis("start_dim", "self"), End: n.axis("end_dim", "self")}, nil, false)
}

// readUnflatten splits one axis; the axes in front of it and behind keep their extents.
func readUnflatten(n *node) ([]*graph.Value, error) {
	axis, rank, sizes := n.axis("dim", "self"), n.rank("self"), n.sizes("sizes")
	shape := n.Shape(n.tensor("self"))
	cut := func(from, to int) *graph.Value {
		return n.Do(op.StridedSlice{Starts: []int64{int64(from)}, Ends: []int64{int64(to)}}, shape)
	}
	whole := n.meta("self").Sizes
	if n.Err != nil {
		return nil, n.Err
	}
	free := 0
	list := []size{}
	for i, e := range whole {
		switch {
		case i == axis:
			list = append(list, sizes...)
		case e.fixed:
			list = append(list, size{at: int(e.size)})
		default:
			list, free = append(list, size{at: -1}), free+1
		}
	}
	if free == 0 || free == 1 && !slices.ContainsFunc(sizes, func(s size) bool { return s.value != nil || s.at == -1 }) {
		return n.viewed(list, true)
	}
	parts := []*graph.Value{n.vector(sizes)}
	if axis > 0 {
		parts = append([]*graph.Value{cut(0, axis)}, parts...)
	}
	if axis < rank-1 {
		parts = append(parts, cut(axis+1, rank))
	}
	joined := parts[0]
	if len(parts) > 1 {
		joined = n.Do(cat(0), parts...)
	}
	return n.Result(op.Reshape{}, n.tensor("self"), joined)
}

// turned is a view with another order of axes.
func (n *node) turned(perm []int) ([]*graph.Value, error) {
	if n.Err != nil {
		return nil, n.Err
	}
	back := make([]int, len(perm))
	for i, p := range perm {
		back[p] = i
	}
	return n.moved(op.Transpose{Perm: perm}, op.Transpose{Perm: back}, true)
}

// order is the axes of self as they are.
func (n *node) order() []int {
	perm := make([]int, n.rank("self"))
	for i := range perm {
		perm[i] = i
	}
	return perm
}

func readTranspose(n *node) ([]*graph.Value, error) {
	first, second := "dim0", "dim1"
	if n.target == "swapaxes.default" {
		first, second = "axis0", "axis1"
	}
	perm, a, b := n.order(), n.axis(first, "self"), n.axis(second, "self")
	if len(perm) == 0 {
		return readSame(n)
	}
	perm[a], perm[b] = b, a
	return n.turned(perm)
}

func readPermute(n *node) ([]*graph.Value, error) {
	perm := n.axes("dims", "self")
	sorted := slices.Clone(perm)
	slices.Sort(sorted)
	if n.Err == nil && !slices.Equal(sorted, n.order()) {
		n.Refuse("%v is no order of %d axes", perm, n.rank("self"))
	}
	return n.turned(perm)
}

func readLastTwo(n *node) ([]*graph.Value, error) {
	perm := n.order()
	last := len(perm) - 1
	if last < 1 {
		return readSame(n)
	}
	perm[last-1], perm[last] = last, last-1
	return n.turned(perm)
}

func readReversed(n *node) ([]*graph.Value, error) {
	perm := n.order()
	slices.Reverse(perm)
	return n.turned(perm)
}

func readMoveDim(n *node) ([]*graph.Value, error) {
	perm, from, to := n.order(), n.axis("source", "self"), n.axis("destination", "self")
	if len(perm) == 0 {
		return readSame(n)
	}
	perm = slices.Insert(slices.Delete(perm, from, from+1), to, from)
	return n.turned(perm)
}

func readUnsqueeze(n *node) ([]*graph.Value, error) {
	axis, rank := n.whole("dim"), n.rank("self")+1
	if axis < -rank || axis >= rank {
		n.Refuse("axis %d of %d axes", axis, rank)
	}
	return n.moved(op.Unsqueeze{Axes: []int{(axis + rank) % rank}}, nil, true)
}

// readSqueeze takes axes away, those of extent 1 among the named ones.
func readSqueeze(n *node) ([]*graph.Value, error) {
	axes := n.order()
	if n.target != "squeeze.default" && n.rank("self") > 0 {
		axes = n.axes("dim", "self")
	}
	var gone []int
	for _, axis := range axes {
		if e := n.meta("self").Sizes[axis]; e.fixed && e.size == 1 {
			gone = append(gone, axis)
		}
	}
	if gone == nil {
		return readSame(n)
	}
	return n.moved(op.Squeeze{Axes: gone}, nil, true)
}

// readExpand repeats axes of extent 1; -1 keeps an extent.
func readExpand(n *node) ([]*graph.Value, error) {
	sizes := n.sizes("size")
	for i, s := range sizes {
		if s.value == nil && s.at == -1 {
			sizes[i].at = 1
		}
	}
	x := n.tensor("self")
	return n.Result(op.Expand{}, x, n.vector(sizes))
}

func readExpandAs(n *node) ([]*graph.Value, error) {
	return n.Result(op.Expand{}, n.tensor("self"), n.Shape(n.tensor("other")))
}

// readRepeat tiles; more numbers than axes add axes in front.
func readRepeat(n *node) ([]*graph.Value, error) {
	times, x := n.sizes("repeats"), n.tensor("self")
	var front []int
	for i := range len(times) - n.rank("self") {
		front = append(front, i)
	}
	if front != nil {
		x = n.Do(op.Unsqueeze{Axes: front}, x)
	}
	return n.Result(op.Tile{}, x, n.vector(times))
}
