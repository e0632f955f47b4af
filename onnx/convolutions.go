package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

var convolutions = map[string]importer{
	"Conv":          readConv,
	"ConvTranspose": readConvTranspose,
}

// window is the geometry that convolutions and poolings share, of height and width. One
// spatial axis is the width of images of height 1.
type window struct {
	flat             bool // one spatial axis
	kernel           [2]int
	stride, dilation [2]int
	padding, uneven  [2]int     // in front, and so many more behind
	auto             op.AutoPad // chooses both
}

// window reads the geometry of a node whose kernel has the given spatial extents, which
// come from its weight or from kernel_shape.
func (n *node) window(kernel []int) (window, error) {
	w := window{flat: len(kernel) == 1}
	var err error
	if w.kernel, err = pair("kernel_shape", kernel, 1); err != nil || len(kernel) == 0 {
		return w, fmt.Errorf("kernel of extents %v: one or two spatial axes are read", kernel)
	}
	for _, f := range []struct {
		name string
		to   *[2]int
	}{{"strides", &w.stride}, {"dilations", &w.dilation}} {
		list, err := n.numbers(f.name, nil)
		if err == nil && list != nil && len(list) != len(kernel) {
			err = fmt.Errorf("%s %v for a kernel of extents %v", f.name, list, kernel)
		}
		if err == nil {
			*f.to, err = pair(f.name, list, 1)
		}
		if err != nil {
			return w, err
		}
	}
	explicit := false
	if w.auto, explicit, err = n.autoPad(); err != nil {
		return w, err
	}
	pads, err := n.numbers("pads", nil)
	if err != nil || !explicit || pads == nil {
		return w, err
	}
	if len(pads) != 2*len(kernel) {
		return w, fmt.Errorf("pads %v for a kernel of extents %v", pads, kernel)
	}
	if w.padding, err = pair("pads", pads[:len(kernel)], 0); err != nil {
		return w, err
	}
	after, err := pair("pads", pads[len(kernel):], 0)
	w.uneven = [2]int{after[0] - w.padding[0], after[1] - w.padding[1]}
	return w, err
}

// autoPad reads how a window is padded, and whether the node says so itself, with pads.
func (n *node) autoPad() (auto op.AutoPad, explicit bool, err error) {
	text, err := n.text("auto_pad", "NOTSET")
	if err != nil {
		return auto, false, err
	}
	switch text {
	case "NOTSET", "":
		return auto, true, nil
	case "VALID":
		return auto, false, nil
	case "SAME_UPPER":
		return op.SameUpper, false, nil
	case "SAME_LOWER":
		return op.SameLower, false, nil
	}
	return auto, false, fmt.Errorf("auto_pad %q; it is NOTSET, VALID, SAME_UPPER or SAME_LOWER", text)
}

// conv is the convolution of the window.
func (w window) conv(groups int) op.Conv2D {
	return op.Conv2D{Stride: w.stride, Padding: w.padding, Uneven: w.uneven, Auto: w.auto, Dilation: w.dilation, Groups: groups}
}

// lifted returns x as images of height 1 where the node has one spatial axis.
func (n *node) lifted(w window, x *graph.Value) (*graph.Value, error) {
	if !w.flat {
		return x, nil
	}
	return n.step(op.Unsqueeze{Axes: []int{2}}, x)
}

// finished gives the node's result: o of the operands, without the height that lifted
// added.
func (n *node) finished(w window, o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	if !w.flat {
		return n.result(o, in...)
	}
	y, err := n.step(o, in...)
	if err != nil {
		return nil, err
	}
	return n.result(op.Squeeze{Axes: []int{2}}, y)
}

// filter returns the weight of a convolution and its spatial extents. They must be known:
// of a computed weight only kernel_shape tells them.
func (n *node) filter() (*graph.Value, []int, error) {
	if err := n.need(2); err != nil {
		return nil, nil, err
	}
	weight := n.in[1]
	kernel, err := n.numbers("kernel_shape", nil)
	if err != nil {
		return nil, nil, err
	}
	if isWeight(weight) {
		shape := shapeOf(weight)
		if len(shape) < 3 {
			return nil, nil, fmt.Errorf("weight of shape %v", shape)
		}
		if kernel != nil && !slices.Equal(kernel, shape[2:]) {
			return nil, nil, fmt.Errorf("kernel_shape %v of a weight of shape %v", kernel, shape)
		}
		kernel = shape[2:]
	}
	if kernel == nil {
		shape := n.Facts[weight].Shape
		if len(shape) < 3 {
			return nil, nil, fmt.Errorf("the shape of its weight is %w; octet.WithShape may tell it", graph.ErrComputed)
		}
		kernel = shape[2:]
	}
	return weight, kernel, nil
}

func readConv(n *node) ([]*graph.Value, error) {
	weight, kernel, err := n.filter()
	if err != nil {
		return nil, err
	}
	if len(kernel) > 2 {
		return n.convND(weight, kernel)
	}
	w, err := n.window(kernel)
	if err != nil {
		return nil, err
	}
	groups, err := n.number("group", 1)
	if err != nil {
		return nil, err
	}
	x, err := n.lifted(w, n.in[0])
	if err != nil {
		return nil, err
	}
	if weight, err = n.lifted(w, weight); err != nil {
		return nil, err
	}
	in := []*graph.Value{x, weight}
	if n.has(2) {
		in = append(in, n.in[2])
	}
	return n.finished(w, w.conv(groups), in...)
}

func readConvTranspose(n *node) ([]*graph.Value, error) {
	weight, kernel, err := n.filter()
	if err != nil {
		return nil, err
	}
	if len(kernel) > 2 {
		return n.convTransposeND(weight, kernel)
	}
	w, err := n.window(kernel)
	if err != nil {
		return nil, err
	}
	extra, err := n.numbers("output_padding", nil)
	if err != nil {
		return nil, err
	}
	outputPadding, err := pair("output_padding", extra, 0)
	if err != nil {
		return nil, err
	}
	size, err := n.numbers("output_shape", nil)
	if err != nil {
		return nil, err
	}
	output, err := pair("output_shape", size, 0)
	if err != nil {
		return nil, err
	}
	if len(size) == 1 {
		output[0] = 1
	}
	groups, err := n.number("group", 1)
	if err != nil {
		return nil, err
	}
	x, err := n.lifted(w, n.in[0])
	if err != nil {
		return nil, err
	}
	if weight, err = n.lifted(w, weight); err != nil {
		return nil, err
	}
	in := []*graph.Value{x, weight}
	if n.has(2) {
		in = append(in, n.in[2])
	}
	return n.finished(w, op.ConvTranspose2D{Stride: w.stride, Padding: w.padding, Uneven: w.uneven, Output: output, Auto: w.auto, OutputPadding: outputPadding, Dilation: w.dilation, Groups: groups}, in...)
}
