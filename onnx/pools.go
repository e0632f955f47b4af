package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var pools = map[string]importer{
	"MaxPool":           readMaxPool,
	"AveragePool":       readAveragePool,
	"LpPool":            func(n *node) ([]*graph.Value, error) { return n.poolND("lp") },
	"GlobalMaxPool":     globalPool("amax"),
	"GlobalLpPool":      readGlobalLpPool,
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

// readMaxPool: the largest of whole numbers, which are of 8 bits, is found in float.
func readMaxPool(n *node) ([]*graph.Value, error) {
	if n.has(0) && n.in[0].Type.DType == tensor.Int64 {
		f := n.formula(1)
		p, err := n.poolOf("max")
		if err != nil {
			return nil, err
		}
		pooled := f.Split(p, f.As(tensor.Float32, n.in[0]))
		y, err := f.Result(op.Cast{To: tensor.Int64}, pooled[0])
		return append(y, pooled[1:p.Results()]...), err
	}
	if n.volume() || len(n.proto.GetOutput()) > 1 {
		return n.poolND("max")
	}
	w, ceil, err := n.poolWindow()
	if err != nil {
		return nil, err
	}
	if w.padsOverHalf() {
		return n.poolND("max")
	}
	if n.in[0].Type.DType == tensor.UInt8 || n.in[0].Type.DType == tensor.Int8 {
		return n.maxPoolOfCodes()
	}
	x, err := n.lifted(w, n.in[0])
	if err != nil {
		return nil, err
	}
	return n.finished(w, op.MaxPool2D{Kernel: w.kernel, Stride: w.stride, Padding: w.padding, Uneven: w.uneven, Auto: w.auto, Dilation: w.dilation, CeilMode: ceil}, x)
}

func readAveragePool(n *node) ([]*graph.Value, error) {
	if n.volume() {
		return n.poolND("average")
	}
	w, ceil, err := n.poolWindow()
	if err != nil {
		return nil, err
	}
	counted, err := n.flag("count_include_pad", false)
	if err != nil {
		return nil, err
	}
	if w.dilation != [2]int{1, 1} || w.padsOverHalf() {
		return n.poolND("average")
	}
	x, err := n.lifted(w, n.in[0])
	if err != nil {
		return nil, err
	}
	return n.finished(w, op.AvgPool2D{Kernel: w.kernel, Stride: w.stride, Padding: w.padding, Uneven: w.uneven, Auto: w.auto, CeilMode: ceil, CountIncludePad: counted}, x)
}

// volume reports whether a window has more than two axes.
func (n *node) volume() bool {
	a := n.attrs["kernel_shape"]
	return a != nil && len(a.GetInts()) > 2
}

// globalPool reduces the two axes of images.
func globalPool(name string) importer {
	return simple(op.Reduce{Name: name, Axes: []int{2, 3}, KeepDim: true}, 1)
}

func readGlobalLpPool(n *node) ([]*graph.Value, error) {
	p, err := n.number("p", 2)
	if err != nil {
		return nil, err
	}
	switch p {
	case 1:
		return globalPool("l1_norm")(n)
	case 2:
		return globalPool("l2_norm")(n)
	}
	return nil, fmt.Errorf("p %d; 1 and 2 are read", p)
}

// maxPoolOfCodes reads a MaxPool of plain integers of eight bits: their order is that of codes
// of any scale.
func (n *node) maxPoolOfCodes() ([]*graph.Value, error) {
	t := graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(1, 0)}
	if n.in[0].Type.DType == tensor.Int8 {
		t.DType = tensor.QInt8
	}
	codes, err := n.typedAs(n.first()+"/codes", t, op.FromIntRepr{}, n.in[0])
	if err != nil {
		return nil, err
	}
	of := *n
	of.in, of.proto = codes, &onnxpb.NodeProto{OpType: n.proto.OpType, Output: []string{n.first() + "/pooled"}}
	pooled, err := readMaxPool(&of)
	if err != nil {
		return nil, err
	}
	return n.result(op.IntRepr{}, pooled[0])
}
