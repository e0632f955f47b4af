package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// volumes read windows over any number of axes: three and more, and forms of pooling that
// images do not have operators of their own for.

// spatial reads the geometry of a window over so many axes.
func (n *node) spatial(axes int) (op.Spatial, error) {
	ones := make([]int, axes)
	for i := range ones {
		ones[i] = 1
	}
	s := op.Spatial{Before: make([]int, axes), After: make([]int, axes)}
	var err error
	if s.Stride, err = n.numbers("strides", ones); err != nil {
		return s, err
	}
	if s.Dilation, err = n.numbers("dilations", ones); err != nil {
		return s, err
	}
	if len(s.Stride) != axes || len(s.Dilation) != axes {
		return s, fmt.Errorf("strides %v and dilations %v for %d spatial axes", s.Stride, s.Dilation, axes)
	}
	explicit := false
	if s.Auto, explicit, err = n.autoPad(); err != nil {
		return s, err
	}
	pads, err := n.numbers("pads", nil)
	if err != nil || pads == nil || !explicit {
		return s, err
	}
	if len(pads) != 2*axes {
		return s, fmt.Errorf("pads %v for %d spatial axes", pads, axes)
	}
	s.Before, s.After = pads[:axes], pads[axes:]
	return s, nil
}

// convND reads a convolution over more than two spatial axes.
func (n *node) convND(weight *graph.Value, kernel []int) ([]*graph.Value, error) {
	s, err := n.spatial(len(kernel))
	if err != nil {
		return nil, err
	}
	groups, err := n.number("group", 1)
	if err != nil {
		return nil, err
	}
	in := []*graph.Value{n.in[0], weight}
	if n.has(2) {
		in = append(in, n.in[2])
	}
	return n.result(op.ConvND{Spatial: s, Groups: groups}, in...)
}

// poolND reads a pooling of any mode over any number of axes.
func (n *node) poolND(mode string) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	p, err := n.poolOf(mode)
	if err != nil {
		return nil, err
	}
	return n.result(p, n.in[0])
}

// poolOf is the operator of a pooling.
func (n *node) poolOf(mode string) (op.PoolND, error) {
	p := op.PoolND{Mode: mode}
	var err error
	if p.Kernel, err = n.numbers("kernel_shape", nil); err != nil {
		return p, err
	}
	if p.Spatial, err = n.spatial(len(p.Kernel)); err != nil {
		return p, err
	}
	if p.CeilMode, err = n.flag("ceil_mode", false); err != nil {
		return p, err
	}
	switch mode {
	case "lp":
		p.P, err = n.number("p", 2)
	case "average":
		p.CountIncludePad, err = n.flag("count_include_pad", false)
	case "max":
		if p.Indices = len(n.proto.GetOutput()) > 1; p.Indices {
			p.ColumnMajor, err = n.flag("storage_order", false)
		}
	}
	return p, err
}

// padsOverHalf reports whether padding is more than half of the kernel, which PyTorch's
// poolings refuse.
func (w window) padsOverHalf() bool {
	for i := range 2 {
		if 2*w.padding[i] > w.kernel[i] || 2*(w.padding[i]+w.uneven[i]) > w.kernel[i] {
			return true
		}
	}
	return false
}
