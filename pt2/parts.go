package pt2

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// parts take elements from places.
var parts = map[string]importer{
	"select.int":               readSelect,
	"slice.Tensor":             readSlice,
	"narrow.default":           readNarrow,
	"chunk.default":            readChunk,
	"split.Tensor":             readSplit,
	"split_with_sizes.default": readSplitSizes,
	"unbind.int":               readUnbind,
	"index.Tensor":             readIndex,
	"index_select.default":     readIndexSelect,
	"embedding.default":        readEmbedding,
	"gather.default":           readGather,
	"topk.default":             readTopK,
	"sort.default":             readSort,
	"argsort.default":          readSort,
	"tril.default":             readTriangle("le"),
	"triu.default":             readTriangle("ge"),
	"slice_scatter.default":    readSliceScatter,
	"select_scatter.default":   readSelectScatter,
}

// cut are the elements of an axis from start to end; end is at most the extent.
type cut struct {
	axis       int
	start, end size
	step       int
}

func at(i int) size { return size{at: i} }

// get takes the elements.
func (c cut) get(n *node, base *graph.Value) *graph.Value {
	if c.start.value == nil && c.end.value == nil {
		return n.Do(op.StridedSlice{Starts: []int64{int64(c.start.at)}, Ends: []int64{int64(c.end.at)}, Axes: []int64{int64(c.axis)}, Steps: []int64{int64(c.step)}}, base)
	}
	return n.Do(op.StridedSlice{}, base, n.vector([]size{c.start}), n.vector([]size{c.end}), n.List(c.axis), n.List(c.step))
}

// put is base with other elements in the place of these.
func (c cut) put(n *node, base, part *graph.Value) *graph.Value {
	if c.step != 1 {
		n.Refuse("every %d-th element of an axis is written in place, which is not read", c.step)
	}
	list := []*graph.Value{part}
	if c.start.value != nil || c.start.at != 0 {
		list = append([]*graph.Value{cut{c.axis, at(0), c.start, 1}.get(n, base)}, list...)
	}
	if c.end.value != nil || c.end.at != math.MaxInt32 {
		list = append(list, cut{c.axis, c.end, at(math.MaxInt32), 1}.get(n, base))
	}
	if len(list) == 1 {
		return part
	}
	return n.Do(cat(c.axis), list...)
}

// narrowed is a view of these elements, without the axis if it is single.
func (n *node) narrowed(c cut, single bool) ([]*graph.Value, error) {
	if n.Err != nil {
		return nil, n.Err
	}
	v := c.view(single)
	return n.sees(v.get, v.put)
}

func (c cut) view(single bool) *view {
	get := func(n *node, base *graph.Value) (*graph.Value, error) {
		if single && c.start.value == nil {
			return n.Do(op.Gather{Axis: c.axis}, base, n.Constant(tensor.Of([]int64{int64(c.start.at)}))), n.Err
		}
		y := c.get(n, base)
		if single {
			y = n.Do(op.Squeeze{Axes: []int{c.axis}}, y)
		}
		return y, n.Err
	}
	return &view{get, func(n *node, base, part *graph.Value) (*graph.Value, error) {
		if single {
			part = n.Do(op.Unsqueeze{Axes: []int{c.axis}}, part)
		}
		return c.put(n, base, part), n.Err
	}}
}

// selected is the place of one element of an axis.
func (n *node) selected() cut {
	c := cut{axis: n.axis("dim", "self"), step: 1}
	index := n.sizes("index")
	if n.Err == nil && len(index) != 1 {
		n.mistaken("index", "a whole number", n.arg("index"))
	}
	if n.Err != nil {
		return c
	}
	c.start = index[0]
	switch {
	case c.start.value != nil:
		c.end.value = n.Do(op.Add{}, c.start.value, n.NumberOf(c.start.value, 1))
	case c.start.at == -1:
		c.end = at(math.MaxInt32)
	default:
		c.end = at(c.start.at + 1)
	}
	return c
}

func readSelect(n *node) ([]*graph.Value, error) { return n.narrowed(n.selected(), true) }

// sliced is the places of a slice, whose bounds may be None.
func (n *node) sliced() cut {
	c := cut{axis: n.axis("dim", "self"), end: at(math.MaxInt32), step: n.whole("step")}
	if s := n.sizes("start"); len(s) == 1 {
		c.start = s[0]
	}
	if s := n.sizes("end"); len(s) == 1 {
		c.end = s[0]
	}
	if n.Err == nil && c.step < 1 {
		n.Refuse("a step of %d", c.step)
	}
	return c
}

func readSlice(n *node) ([]*graph.Value, error) {
	c := n.sliced()
	if c.start == at(0) && c.end == at(math.MaxInt32) && c.step == 1 {
		return readSame(n)
	}
	return n.narrowed(c, false)
}

func readNarrow(n *node) ([]*graph.Value, error) {
	start, length := n.whole("start"), n.whole("length")
	if start < 0 && start+length == 0 {
		return n.narrowed(cut{n.axis("dim", "self"), at(start), at(math.MaxInt32), 1}, false)
	}
	return n.narrowed(cut{n.axis("dim", "self"), at(start), at(start + length), 1}, false)
}

func readSliceScatter(n *node) ([]*graph.Value, error) {
	y := n.sliced().put(n, n.tensor("self"), n.tensor("src"))
	return n.Result(op.StridedSlice{}, y)
}

func readSelectScatter(n *node) ([]*graph.Value, error) {
	c := n.selected()
	y := c.put(n, n.tensor("self"), n.Do(op.Unsqueeze{Axes: []int{c.axis}}, n.tensor("src")))
	return n.Result(op.StridedSlice{}, y)
}

// several cuts self along an axis into parts of these sizes, each of which is a view.
func (n *node) several(axis int, sizes []int, single bool) ([]*graph.Value, error) {
	if len(sizes) == 0 {
		n.Refuse("it has no parts")
	}
	base := n.tensor("self")
	if n.Err != nil {
		return nil, n.Err
	}
	list := []*graph.Value{base}
	switch {
	case len(sizes) == 1:
	case single:
		var err error
		if list, err = n.Result(op.Split{Axis: axis, Sizes: sizes}, base); err != nil {
			return nil, err
		}
		list = slices.Clone(list) // it is that of the node
	default: // slices, as the architectures have them: a part that nobody reads costs nothing
		list = nil
		from := 0
		for _, length := range sizes {
			list = append(list, n.Do(op.Slice{Axis: axis, Start: from, End: from + length}, base))
			from += length
		}
	}
	n.seen = n.entry("self")
	from := 0
	for i, length := range sizes {
		n.views = append(n.views, cut{axis, at(from), at(from + length), 1}.view(single))
		if from += length; single {
			list[i] = n.Do(op.Squeeze{Axes: []int{axis}}, list[i])
		}
	}
	return list, n.Err
}

// extentOf is the extent of an axis of self, which must be known.
func (n *node) extentOf(axis int) int {
	if n.Err != nil {
		return 0
	}
	if axis >= n.rank("self") {
		n.Refuse("axis %d of %d axes", axis, n.rank("self"))
		return 0
	}
	e := n.meta("self").Sizes[axis]
	if !e.fixed {
		n.Refuse("the extent of axis %d is %w, and how many parts there are depends on it", axis, graph.ErrComputed)
	}
	return int(e.size)
}

// equal are the sizes of parts of an extent, of which the last one may be smaller.
func equal(extent, each int) (sizes []int) {
	for ; extent > 0 && each > 0; extent -= each {
		sizes = append(sizes, min(each, extent))
	}
	return sizes
}

func readChunk(n *node) ([]*graph.Value, error) {
	axis, count := n.axis("dim", "self"), n.whole("chunks")
	extent := n.extentOf(axis)
	if n.Err == nil && count < 1 {
		n.Refuse("%d parts", count)
	}
	if n.Err != nil {
		return nil, n.Err
	}
	return n.several(axis, equal(extent, (extent+count-1)/count), false)
}

func readSplit(n *node) ([]*graph.Value, error) {
	axis, each := n.axis("dim", "self"), n.whole("split_size")
	sizes := equal(n.extentOf(axis), each)
	return n.several(axis, sizes, false)
}

func readSplitSizes(n *node) ([]*graph.Value, error) {
	return n.several(n.axis("dim", "self"), n.wholes("split_sizes"), false)
}

func readUnbind(n *node) ([]*graph.Value, error) {
	axis := n.axis("dim", "self")
	return n.several(axis, equal(n.extentOf(axis), 1), true)
}

// readIndex takes elements at places that tensors tell: along one axis, or along the first ones
// together.
func readIndex(n *node) ([]*graph.Value, error) {
	x := n.tensor("self")
	var index []*graph.Value
	first, last := -1, -1
	for axis, name := range n.places("indices") {
		if name == "" {
			continue
		}
		if first < 0 {
			first = axis
		}
		if last = axis; n.Err == nil {
			index = append(index, n.read(name))
		}
	}
	if len(index) == 0 {
		n.Refuse("without indices")
	}
	if n.Err != nil {
		return nil, n.Err
	}
	for _, v := range index {
		if v.Type.DType == tensor.Bool {
			n.Refuse("a mask takes elements, whose number depends on data; torch.where keeps all of them")
			return nil, n.Err
		}
	}
	switch {
	case len(index) == 1:
		return n.Result(op.Gather{Axis: first}, x, index[0])
	case first != 0 || last != len(index)-1:
		n.Refuse("indices along axes that are not the first ones; along one axis or the first ones they are read")
	}
	shape := index[0]
	for _, v := range index[1:] { // sums broadcast as the indices do
		shape = n.Do(op.Add{}, shape, v)
	}
	shape = n.Shape(shape)
	for i, v := range index {
		index[i] = n.Do(op.Unsqueeze{Axes: []int{-1}}, n.Do(op.Expand{}, v, shape))
	}
	return n.Result(op.GatherND{}, x, n.Do(cat(-1), index...))
}

// places are the names of a list of tensors, empty where one is None.
func (n *node) places(name string) (names []string) {
	a := n.arg(name)
	if a.kind == "as_tensors" {
		return a.names()
	}
	var list []argument
	n.decoded(name, "a list of tensors", &list)
	for _, a := range list {
		names = append(names, a.tensorName())
	}
	return names
}

func readIndexSelect(n *node) ([]*graph.Value, error) {
	return n.Result(op.Gather{Axis: n.axis("dim", "self")}, n.tensor("self"), n.tensor("index"))
}

func readEmbedding(n *node) ([]*graph.Value, error) {
	return n.Result(op.Gather{}, n.tensor("weight"), n.tensor("indices"))
}

func readGather(n *node) ([]*graph.Value, error) {
	return n.Result(op.GatherElements{Axis: n.axis("dim", "self")}, n.tensor("self"), n.tensor("index"))
}

func readTopK(n *node) ([]*graph.Value, error) {
	if n.rank("self") == 0 {
		n.Refuse("of a number")
	}
	return n.Result(op.TopK{Axis: n.axis("dim", "self"), Smallest: !n.flag("largest")}, n.tensor("self"), n.List(n.whole("k")))
}

// readSort takes all elements of an axis in order.
func readSort(n *node) ([]*graph.Value, error) {
	axis := n.axis("dim", "self")
	o := op.TopK{Axis: axis, Smallest: !n.flag("descending")}
	x := n.tensor("self")
	if n.target == "argsort.default" {
		return n.Split(o, x, n.Extent(x, axis))[1:2], n.Err
	}
	return n.Result(o, x, n.Extent(x, axis))
}

// readTriangle keeps elements on one side of a diagonal.
func readTriangle(side string) importer {
	return func(n *node) ([]*graph.Value, error) {
		x, diagonal := n.tensor("self"), n.whole("diagonal")
		apart := n.Do(op.Sub{}, n.Count(n.Extent(x, -1)), n.Along(-2, n.Count(n.Extent(x, -2))))
		return n.Result(op.Where{}, n.Do(relation(side), apart, n.List(diagonal)), x, n.NumberOf(x, 0))
	}
}
