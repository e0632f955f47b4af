package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// readQLinearAveragePool reads windows over the two axes of images.
func readQLinearAveragePool(n *node) ([]*graph.Value, error) {
	last, err := n.flag("channels_last", false)
	if err != nil {
		return nil, err
	}
	if last || n.volume() {
		return nil, fmt.Errorf("channels_last, and windows over more than two axes, are not read")
	}
	w, ceil, err := n.poolWindow()
	if err != nil {
		return nil, err
	}
	counted, err := n.flag("count_include_pad", false)
	if err != nil {
		return nil, err
	}
	if w.flat || w.padsOverHalf() {
		return nil, fmt.Errorf("windows over one axis, and padding of more than half of them, are not read")
	}
	return qlinearUnary(op.AvgPool2D{Kernel: w.kernel, Stride: w.stride, Padding: w.padding, Uneven: w.uneven, Auto: w.auto, CeilMode: ceil, CountIncludePad: counted})(n)
}
