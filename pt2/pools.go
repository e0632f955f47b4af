package pt2

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

var pools = map[string]importer{
	"max_pool1d.default":              readMaxPool(1),
	"max_pool2d.default":              readMaxPool(2),
	"max_pool3d.default":              readMaxPool(3),
	"max_pool2d_with_indices.default": readMaxPool(2),
	"avg_pool1d.default":              readAvgPool(1),
	"avg_pool2d.default":              readAvgPool(2),
	"avg_pool3d.default":              readAvgPool(3),
	"adaptive_avg_pool1d.default":     readAdaptiveAvgPool1D,
	"adaptive_avg_pool2d.default":     readAdaptiveAvgPool2D,
	"_adaptive_avg_pool2d.default":    readAdaptiveAvgPool2D,
	"adaptive_max_pool2d.default":     readAdaptiveMaxPool2D,
}

// pool is the geometry of a pooling; without a stride that is the kernel.
func (n *node) pool(axes int, dilated bool) window {
	w := window{kernel: n.along("kernel_size", axes), before: n.along("padding", axes), dilation: make([]int, axes)}
	if w.stride = w.kernel; len(n.sizes("stride")) > 0 {
		w.stride = n.along("stride", axes)
	}
	for i := range w.dilation {
		w.dilation[i] = 1
	}
	if dilated {
		w.dilation = n.along("dilation", axes)
	}
	w.after = w.before
	if x := n.rank("self"); n.Err == nil && x != axes+2 {
		n.Refuse("its input has %d axes; those with a batch, %d, are read", x, axes+2)
	}
	return w
}

func readMaxPool(axes int) importer {
	return func(n *node) ([]*graph.Value, error) {
		w, ceil, x := n.pool(axes, true), n.flag("ceil_mode"), n.tensor("self")
		if axes == 3 {
			return n.Result(op.PoolND{Spatial: w.spatial(), Mode: "max", Kernel: w.kernel, CeilMode: ceil}, x)
		}
		if n.target == "max_pool2d_with_indices.default" && n.isRead(1) {
			return n.Result(op.PoolND{Spatial: w.spatial(), Mode: "max", Kernel: w.kernel, CeilMode: ceil, Indices: true}, x)
		}
		i := w.images()
		o := op.MaxPool2D{Kernel: [2]int(i.kernel), Stride: [2]int(i.stride), Padding: [2]int(i.before), Dilation: [2]int(i.dilation), CeilMode: ceil}
		y, err := n.lifted(axes, o, []*graph.Value{x})
		return n.unread(y), err
	}
}

// isRead reports whether a node or an output reads result i.
func (n *node) isRead(i int) bool {
	names := n.gives()
	return i < len(names) && n.readNames()[names[i]]
}

// readNames are the names that nodes or outputs read.
func (b *builder) readNames() map[string]bool {
	if b.read != nil {
		return b.read
	}
	b.read = map[string]bool{}
	g := &b.file.program.Module.Graph
	for i := range g.Nodes {
		for _, name := range (&node{p: &g.Nodes[i]}).reads() {
			b.read[name] = true
		}
	}
	for _, out := range g.Outputs {
		b.read[out.tensorName()] = true
	}
	return b.read
}

func readAvgPool(axes int) importer {
	return func(n *node) ([]*graph.Value, error) {
		w, ceil, padded, x := n.pool(axes, false), n.flag("ceil_mode"), n.flag("count_include_pad"), n.tensor("self")
		if axes > 1 && !n.none("divisor_override") {
			n.Refuse("a divisor of its own is not read")
		}
		if axes == 3 {
			return n.Result(op.PoolND{Spatial: w.spatial(), Mode: "average", Kernel: w.kernel, CeilMode: ceil, CountIncludePad: padded}, x)
		}
		i := w.images()
		o := op.AvgPool2D{Kernel: [2]int(i.kernel), Stride: [2]int(i.stride), Padding: [2]int(i.before), CeilMode: ceil, CountIncludePad: padded}
		return n.lifted(axes, o, []*graph.Value{x})
	}
}

func readAdaptiveAvgPool2D(n *node) ([]*graph.Value, error) {
	if x := n.rank("self"); x != 4 {
		n.Refuse("its input has %d axes; those with a batch, 4, are read", x)
	}
	return n.Result(op.AdaptiveAvgPool2D{Output: n.pair("output_size")}, n.tensor("self"))
}

func readAdaptiveAvgPool1D(n *node) ([]*graph.Value, error) {
	if x := n.rank("self"); x != 3 {
		n.Refuse("its input has %d axes; those with a batch, 3, are read", x)
	}
	return n.lifted(1, op.AdaptiveAvgPool2D{Output: [2]int{1, n.whole("output_size")}}, []*graph.Value{n.tensor("self")})
}

// readAdaptiveMaxPool2D reads the pooling of whole images.
func readAdaptiveMaxPool2D(n *node) ([]*graph.Value, error) {
	if size := n.pair("output_size"); n.Err == nil && (size != [2]int{1, 1} || n.rank("self") != 4 || n.isRead(1)) {
		n.Refuse("only the maxima of whole images are read, without their places")
	}
	y, err := n.Result(op.Reduce{Name: "amax", Axes: []int{2, 3}, KeepDim: true}, n.tensor("self"))
	return n.unread(y), err
}

// unread fills in results that nothing reads.
func (n *node) unread(results []*graph.Value) []*graph.Value {
	for i := len(results); n.Err == nil && len(results) > 0 && i < len(n.gives()); i++ {
		if n.isRead(i) {
			n.Refuse("its result %d is not computed here", i)
		}
		results = append(results, nil)
	}
	return results
}
