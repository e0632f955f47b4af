package pt2

import (
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

var convolutions = map[string]importer{
	"conv1d.default":           readConv(1),
	"conv1d.padding":           readConv(1),
	"conv2d.default":           readConv(2),
	"conv2d.padding":           readConv(2),
	"conv3d.default":           readConv(3),
	"conv3d.padding":           readConv(3),
	"convolution.default":      readConvolution,
	"conv_transpose1d.default": readConvTranspose(1),
	"conv_transpose2d.input":   readConvTranspose(2),
}

// along is a list with one number for each spatial axis, where one number stands for all.
func (n *node) along(name string, axes int) []int {
	list := n.wholes(name)
	if len(list) == 1 {
		for len(list) < axes {
			list = append(list, list[0])
		}
	}
	if n.Err == nil && len(list) != axes {
		n.mistaken(name, "a number for each spatial axis", n.arg(name))
	}
	if n.Err != nil {
		return make([]int, axes)
	}
	return list
}

// window is the geometry of a convolution or a pooling.
type window struct {
	kernel, stride, dilation []int
	before, after            []int // padding
}

// filter is the geometry of a convolution with its weight.
func (n *node) filter(axes int) window {
	w := window{stride: n.along("stride", axes), dilation: n.along("dilation", axes)}
	shape := n.fixed("weight")
	if n.Err == nil && len(shape) != axes+2 {
		n.Refuse("its weight has the shape %v; %d axes are expected", shape, axes+2)
	}
	if x := n.rank("input"); n.Err == nil && x != axes+2 {
		n.Refuse("its input has %d axes; those with a batch, %d, are read", x, axes+2)
	}
	if n.Err != nil {
		zero := make([]int, axes)
		return window{zero, zero, zero, zero, zero}
	}
	w.kernel = shape[2:]
	if how := n.arg("padding"); strings.HasPrefix(string(how.data), `"`) {
		w.before, w.after = make([]int, axes), make([]int, axes)
		switch n.text("padding") {
		case "same":
			for i, k := range w.kernel {
				all := w.dilation[i] * (k - 1)
				w.before[i], w.after[i] = all/2, all-all/2
			}
		case "valid":
		default:
			n.mistaken("padding", "same or valid", how)
		}
		return w
	}
	w.before = n.along("padding", axes)
	w.after = w.before
	return w
}

// images lifts one spatial axis to the width of images of height 1.
func (w window) images() window {
	if len(w.kernel) == 2 {
		return w
	}
	lift := func(list []int, with int) []int { return append([]int{with}, list...) }
	return window{lift(w.kernel, 1), lift(w.stride, 1), lift(w.dilation, 1), lift(w.before, 0), lift(w.after, 0)}
}

func (w window) uneven() [2]int { return [2]int{w.after[0] - w.before[0], w.after[1] - w.before[1]} }

func (w window) spatial() op.Spatial {
	return op.Spatial{Stride: w.stride, Before: w.before, After: w.after, Dilation: w.dilation}
}

// lifted gives the result of o of the first operands with a height of 1, and of the others.
func (n *node) lifted(axes int, o graph.Op, lift []*graph.Value, others ...*graph.Value) ([]*graph.Value, error) {
	if axes != 1 {
		return n.Result(o, append(lift, others...)...)
	}
	in := make([]*graph.Value, len(lift))
	for i, v := range lift {
		in[i] = n.Do(op.Unsqueeze{Axes: []int{2}}, v)
	}
	return n.Result(op.Squeeze{Axes: []int{2}}, n.Do(o, append(in, others...)...))
}

// given are those values that are there.
func given(values ...*graph.Value) (list []*graph.Value) {
	for _, v := range values {
		if v != nil {
			list = append(list, v)
		}
	}
	return list
}

func readConv(axes int) importer {
	return func(n *node) ([]*graph.Value, error) {
		w, groups := n.filter(axes), n.whole("groups")
		x, weight, bias := n.tensor("input"), n.tensor("weight"), n.optional("bias")
		if axes == 3 {
			return n.Result(op.ConvND{Spatial: w.spatial(), Groups: groups}, given(x, weight, bias)...)
		}
		i := w.images()
		o := op.Conv2D{Stride: [2]int(i.stride), Padding: [2]int(i.before), Uneven: i.uneven(), Dilation: [2]int(i.dilation), Groups: groups}
		return n.lifted(axes, o, []*graph.Value{x, weight}, given(bias)...)
	}
}

func readConvTranspose(axes int) importer {
	return func(n *node) ([]*graph.Value, error) {
		w, groups := n.filter(axes), n.whole("groups")
		extra := n.along("output_padding", axes)
		i := w.images()
		if axes == 1 {
			extra = append([]int{0}, extra...)
		}
		o := op.ConvTranspose2D{Stride: [2]int(i.stride), Padding: [2]int(i.before), OutputPadding: [2]int(extra), Dilation: [2]int(i.dilation), Groups: groups}
		return n.lifted(axes, o, []*graph.Value{n.tensor("input"), n.tensor("weight")}, given(n.optional("bias"))...)
	}
}

// readConvolution reads what decompositions make of every convolution.
func readConvolution(n *node) ([]*graph.Value, error) {
	axes := n.rank("weight") - 2
	if transposed := n.flag("transposed"); !transposed && axes >= 1 && axes <= 3 {
		return readConv(axes)(n)
	} else if transposed && (axes == 1 || axes == 2) {
		return readConvTranspose(axes)(n)
	}
	n.Refuse("a weight of %d axes is not read", axes+2)
	return nil, n.Err
}
