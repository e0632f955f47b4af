package pt2

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// arrangements put tensors beside one another, or elements in other places, in a tensor of its own.
var arrangements = map[string]importer{
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
	if list := n.tensors("tensors"); n.Err == nil && list[0].Type.DType.IsQuantized() {
		return n.joinedCodes(list)
	}
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
