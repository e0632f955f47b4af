package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

var pools = map[string]importer{
	"MaxPool":           readMaxPool,
	"AveragePool":       readAveragePool,
	"GlobalAveragePool": simple(op.Mean{Axes: []int{2, 3}, KeepDim: true}, 1),
}

func (n *node) poolWindow() (window, bool, error) {
	if err := n.need(1); err != nil {
		return window{}, false, err
	}
	kernel, err := n.numbers("kernel_shape", nil)
	if err != nil {
		return window{}, false, err
	}
	w, err := n.window(kernel)
	if err != nil {
		return w, false, err
	}
	ceil, err := n.flag("ceil_mode", false)
	return w, ceil, err
}

func readMaxPool(n *node) ([]*graph.Value, error) {
	w, ceil, err := n.poolWindow()
	if err != nil {
		return nil, err
	}
	x, err := n.lifted(w, n.in[0])
	if err != nil {
		return nil, err
	}
	return n.finished(w, op.MaxPool2D{Kernel: w.kernel, Stride: w.stride, Padding: w.padding, Uneven: w.uneven, Auto: w.auto, Dilation: w.dilation, CeilMode: ceil}, x)
}

func readAveragePool(n *node) ([]*graph.Value, error) {
	w, ceil, err := n.poolWindow()
	if err != nil {
		return nil, err
	}
	counted, err := n.flag("count_include_pad", false)
	if err != nil {
		return nil, err
	}
	if w.dilation != [2]int{1, 1} {
		return nil, fmt.Errorf("dilations %v", w.dilation)
	}
	x, err := n.lifted(w, n.in[0])
	if err != nil {
		return nil, err
	}
	return n.finished(w, op.AvgPool2D{Kernel: w.kernel, Stride: w.stride, Padding: w.padding, Uneven: w.uneven, Auto: w.auto, CeilMode: ceil, CountIncludePad: counted}, x)
}
