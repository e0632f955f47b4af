package pt2

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// movers change the shape or the order of elements, most of them by a view.
var movers = map[string]importer{
	"alias.default":            readSame,
	"detach.default":           readSame,
	"dropout.default":          readDropout,
	"feature_dropout.default":  readDropout,
	"alpha_dropout.default":    readDropout,
	"contiguous.default":       readMaybe,
	"clone.default":            readCopy,
	"lift_fresh_copy.default":  readCopy,
	"lift_fresh.default":       readCopy,
	"copy.default":             readOver,
	"fill.Scalar":              readFill,
	"fill.Tensor":              readFill,
	"zero.default":             readFill,
	"view.default":             readView(true),
	"_unsafe_view.default":     readView(false),
	"reshape.default":          readView(false),
	"view_as.default":          readReshapeAs,
	"reshape_as.default":       readReshapeAs,
	"flatten.using_ints":       readFlatten,
	"unflatten.int":            readUnflatten,
	"transpose.int":            readTranspose,
	"swapaxes.default":         readTranspose,
	"swapdims.default":         readTranspose,
	"permute.default":          readPermute,
	"t.default":                readLastTwo,
	"mT.default":               readLastTwo,
	"numpy_T.default":          readReversed,
	"movedim.int":              readMoveDim,
	"unsqueeze.default":        readUnsqueeze,
	"squeeze.dim":              readSqueeze,
	"squeeze.dims":             readSqueeze,
	"squeeze.default":          readSqueeze,
	"expand.default":           readExpand,
	"expand_as.default":        readExpandAs,
	"repeat.default":           readRepeat,
	"cat.default":              readCat,
	"stack.default":            readStack,
	"pixel_shuffle.default":    readPixelShuffle,
	"pixel_unshuffle.default":  readPixelUnshuffle,
	"channel_shuffle.default":  readChannelShuffle,
	"roll.default":             readRoll,
	"flip.default":             readFlip,
	"pad.default":              readPad,
	"constant_pad_nd.default":  readPad,
	"reflection_pad1d.default": readPad, "reflection_pad2d.default": readPad,
	"replication_pad1d.default": readPad, "replication_pad2d.default": readPad,
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

// joined are the tensors of a list, in the type of the result, without empty ones of one axis,
// which PyTorch leaves out.
func (n *node) joined() []*graph.Value {
	list := n.tensors("tensors")
	for i, v := range list {
		list[i] = n.As(n.kind(), v)
	}
	return list
}

func readCat(n *node) ([]*graph.Value, error) {
	list, axis, rank := n.joined(), n.whole("dim"), len(n.made().Sizes)
	if axis < -rank || axis >= rank {
		n.Refuse("axis %d of %d axes", axis, rank)
	}
	if n.Err == nil && len(list) == 1 {
		return list, nil
	}
	return n.Result(cat((axis+rank)%max(1, rank)), list...)
}

func readStack(n *node) ([]*graph.Value, error) {
	list, axis, rank := n.joined(), n.whole("dim"), len(n.made().Sizes)
	if axis < -rank || axis >= rank {
		n.Refuse("axis %d of %d axes", axis, rank)
	}
	axis = (axis + rank) % max(1, rank)
	for i, v := range list {
		list[i] = n.Do(op.Unsqueeze{Axes: []int{axis}}, v)
	}
	if n.Err == nil && len(list) == 1 {
		return list, nil
	}
	return n.Result(cat(axis), list...)
}

func readPixelShuffle(n *node) ([]*graph.Value, error) {
	if n.rank("self") != 4 {
		n.Refuse("an input of %d axes; 4 are read", n.rank("self"))
	}
	return n.Result(op.DepthToSpace{Block: n.whole("upscale_factor"), ChannelsFirst: true}, n.tensor("self"))
}

// readPixelUnshuffle puts blocks of pixels behind their channel.
func readPixelUnshuffle(n *node) ([]*graph.Value, error) {
	by := n.whole("downscale_factor")
	if n.rank("self") != 4 || by < 1 || by > math.MaxInt16 {
		n.Refuse("blocks of %d of an input of %d axes; 4 are read", by, n.rank("self"))
	}
	if by == 1 {
		return readCopy(n)
	}
	x, m := n.tensor("self"), n.meta("self")
	if n.Err != nil {
		return nil, n.Err
	}
	sizes, over := []size{{at: -1}}, []size{{at: -1}}
	for axis, e := range m.Sizes[1:] {
		if !e.fixed {
			n.Refuse("the sizes of its images are %w", graph.ErrComputed)
			return nil, n.Err
		}
		if axis == 0 {
			sizes, over = append(sizes, size{at: int(e.size)}), append(over, size{at: int(e.size) * by * by})
			continue
		}
		sizes, over = append(sizes, size{at: int(e.size) / by}, size{at: by}), append(over, size{at: int(e.size) / by})
	}
	apart, _ := n.shaped(sizes)
	together, _ := n.shaped(over)
	return n.Result(together, n.Do(op.Transpose{Perm: []int{0, 1, 3, 5, 2, 4}}, n.Do(apart, x)))
}

func readChannelShuffle(n *node) ([]*graph.Value, error) {
	return n.Result(op.ChannelShuffle{Groups: n.whole("groups")}, n.tensor("self"))
}

// readRoll moves elements along axes; those beyond the end come back in front.
func readRoll(n *node) ([]*graph.Value, error) {
	shifts, axes, x := n.wholes("shifts"), n.axes("dims", "self"), n.tensor("self")
	flat := len(axes) == 0 && len(shifts) == 1
	shape := n.Shape(x)
	if flat {
		axes, x = []int{0}, n.Do(reshape(-1), x)
	}
	if len(axes) != len(shifts) {
		n.Refuse("%d shifts along %d axes", len(shifts), len(axes))
	}
	for i, axis := range axes {
		if n.Err != nil {
			break
		}
		by := int64(shifts[i])
		if !flat { // shifts are often longer than an axis is not known to be
			if e := n.meta("self").Sizes[axis]; e.fixed && e.size > 0 {
				by %= e.size
			}
		}
		if by == 0 {
			continue
		}
		at := []int64{int64(axis)}
		behind := n.Do(op.StridedSlice{Starts: []int64{-by}, Ends: []int64{math.MaxInt64}, Axes: at}, x)
		front := n.Do(op.StridedSlice{Starts: []int64{0}, Ends: []int64{-by}, Axes: at}, x)
		x = n.Do(cat(axis), behind, front)
	}
	if flat {
		return n.Result(op.Reshape{}, x, shape)
	}
	return n.Result(op.StridedSlice{}, x)
}

func readFlip(n *node) ([]*graph.Value, error) {
	var o op.StridedSlice
	for _, axis := range n.axes("dims", "self") {
		o.Axes, o.Starts, o.Ends, o.Steps = append(o.Axes, int64(axis)), append(o.Starts, -1), append(o.Ends, math.MinInt64), append(o.Steps, -1)
	}
	return n.Result(o, n.tensor("self"))
}

// readPad pads the last axes, of which the list has the last one first.
func readPad(n *node) ([]*graph.Value, error) {
	name, mode := "pad", "constant"
	switch n.target {
	case "pad.default":
		mode = n.text("mode")
	case "reflection_pad1d.default", "reflection_pad2d.default":
		name, mode = "padding", "reflect"
	case "replication_pad1d.default", "replication_pad2d.default":
		name, mode = "padding", "replicate"
	}
	pads, rank, x := n.wholes(name), n.rank("self"), n.tensor("self")
	o := op.Pad{Before: make([]int, rank), After: make([]int, rank), Mode: map[string]string{"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]}
	if o.Mode == "" || len(pads)%2 != 0 || len(pads) > 2*rank {
		n.Refuse("mode %q and %d numbers of padding for %d axes", mode, len(pads), rank)
	}
	for i := 0; n.Err == nil && i < len(pads); i += 2 {
		o.Before[rank-1-i/2], o.After[rank-1-i/2] = pads[i], pads[i+1]
	}
	if mode == "constant" && !n.none("value") {
		o.Value = float32(n.real("value"))
	}
	if n.Err == nil && x.Type.DType != tensor.Float32 && o.Value != 0 {
		n.Refuse("a value of %v among %v", o.Value, x.Type.DType)
	}
	return n.Result(o, x)
}
