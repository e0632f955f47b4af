package engine

import (
	"bytes"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// lowerConv chooses between a matrix product over gathered rows and, where every
// channel has its own filter, the depthwise kernels.
func lowerConv(n *graph.Node, c op.Conv2D, t target) (operation, string, error) {
	if reason := weightsReason(n, t); reason != "" {
		return nil, reason, nil
	}
	w := n.Inputs[1].Data
	s := w.Shape()
	if c.Groups < 1 || s[0]%c.Groups != 0 {
		return nil, "", nil // Infer will say what is wrong
	}
	g := geometryOf(c, s)
	if w.DType() == tensor.Float32 {
		filters, err := t.reals(w)
		if err != nil {
			return nil, "", err
		}
		switch {
		case g.depthwise():
			return newDepthwise32(n, g, filters, c.Act, t), "", nil
		case g.stem():
			return newStem32(n, g, filters, c.Act, t), "", nil
		}
		if o := newWinograd32(n, g, filters, c.Act, t); o != nil {
			return o, "", nil
		}
		return newProduct32(n, g, filters, c.Act, t), "", nil
	}
	f, err := newFinish(n, t, c.Act, false)
	if err != nil {
		return nil, "", err
	}
	o, err := lowerConv8(n, g, f, t)
	return o, "", err
}

// lowerConv8 makes a convolution on codes with the epilogue f.
func lowerConv8(n *graph.Node, g geometry, f finish, t target) (operation, error) {
	filters, err := t.codes(n.Inputs[1].Data)
	if err != nil {
		return nil, err
	}
	switch {
	case g.depthwise():
		return newDepthwise8(n, g, filters, f, t), nil
	case g.stem():
		return newStem8(n, g, filters, f, t), nil
	}
	if o := newWinograd8(n, g, filters, f, t); o != nil {
		return o, nil
	}
	return newConv8(n, g, filters, f, t), nil
}

// geometry is a convolution without its numbers. Channels are per group.
type geometry struct {
	slide           sliding
	groups, in, out int
	taps            int
}

// geometryOf is that of weights of shape s.
func geometryOf(c op.Conv2D, s tensor.Shape) geometry {
	return geometry{
		slide:  sliding(c.Sliding([2]int{s[2], s[3]})),
		groups: c.Groups, in: s[1], out: s[0] / c.Groups, taps: s[2] * s[3],
	}
}

func (geometry) packsParameters() {}

// depthwise reports whether every channel has its own filter.
func (g geometry) depthwise() bool { return g.in == 1 && g.out == 1 && g.groups > 1 }

// pointwise reports whether each output pixel reads the one input pixel at its
// own place, so that rows need no gathering.
func (g geometry) pointwise() bool {
	return g.taps == 1 && g.slide.Stride == [2]int{1, 1} && !g.slide.pads()
}

// offsets are the taps of all output pixels of an image, in elements; negative
// for padding.
func (g geometry) offsets(in, out tensor.Shape) []int32 {
	return scaled(g.slide.taps(in, out), in[1])
}

// scaled turns cells into elements of so many channels.
func scaled(cells []int32, channels int) []int32 {
	for i, c := range cells {
		if c >= 0 {
			cells[i] = c * int32(channels)
		}
	}
	return cells
}

func fill8(n int, code uint8) []uint8 { return bytes.Repeat([]uint8{code}, n) }
