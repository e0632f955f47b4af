package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// columns are operators with windows that images rarely have.
var columns = map[string]importer{
	"Col2Im":     readCol2Im,
	"DeformConv": readDeformConv,
	"MaxUnpool":  readMaxUnpool,
	"AffineGrid": readAffineGrid,
}

func readCol2Im(n *node) ([]*graph.Value, error) {
	if err := n.need(3); err != nil {
		return nil, err
	}
	kernel, err := n.numbersOf(2, "block shape")
	if err != nil {
		return nil, err
	}
	s, err := n.spatial(len(kernel))
	if err != nil {
		return nil, err
	}
	return n.result(op.Col2Im{Spatial: s}, n.in[:3]...)
}

func readDeformConv(n *node) ([]*graph.Value, error) {
	f := n.formula(3)
	weight, kernel, err := n.filter()
	if err != nil {
		return nil, err
	}
	s, err := n.spatial(len(kernel))
	if err != nil {
		return nil, err
	}
	in := []*graph.Value{n.in[0], weight, n.in[2]}
	if n.has(3) {
		in = append(in, n.in[3])
	} else {
		in = append(in, f.Do(op.Expand{}, f.Scalar(0), f.Extent(weight, 0)))
	}
	if n.has(4) {
		in = append(in, n.in[4])
	}
	return f.Result(op.DeformConv{Spatial: s, Groups: f.number("group", 1), OffsetGroups: f.number("offset_group", 1)}, in...)
}

// convTransposeND reads a transposed convolution over more than two axes: the product with the
// weight is the columns of its result.
func (n *node) convTransposeND(weight *graph.Value, kernel []int) ([]*graph.Value, error) {
	f := n.formula(2)
	s, err := n.spatial(len(kernel))
	if err != nil {
		return nil, err
	}
	if s.Auto != "" || n.attrs["output_shape"] != nil {
		return nil, fmt.Errorf("output_shape or auto_pad over %d axes is not read", len(kernel))
	}
	x, groups := n.in[0], f.number("group", 1)
	if f.Err != nil || groups < 1 {
		return nil, fmt.Errorf("group %d: %w", groups, f.Err)
	}
	extra := f.numbers("output_padding", make([]int, len(kernel)))
	if len(extra) != len(kernel) {
		return nil, fmt.Errorf("output_padding %v for a kernel of extents %v", extra, kernel)
	}
	// of each axis (extent-1)*stride + dilation*(kernel-1) + 1 + padding of the result - pads
	last := make([]int, len(kernel))
	taps := 1
	for i, k := range kernel {
		last[i] = s.Dilation[i]*(k-1) + 1 + extra[i] - s.Before[i] - s.After[i] - s.Stride[i]
		taps *= k
	}
	extents := f.Do(op.StridedSlice{Starts: []int64{2}, Ends: []int64{int64(2 + len(kernel))}}, f.Shape(x))
	image := f.Do(op.Add{}, f.Do(op.Mul{}, extents, f.List(s.Stride...)), f.List(last...))
	batch, outputs := f.Extent(x, 0), f.Do(op.Mul{}, f.Extent(weight, 1), f.List(groups*taps))
	// x [N, groups, C, L] and the weight [groups, M*taps, C]
	lines := f.Do(op.Reshape{}, x, f.Do(op.Cat{}, batch, f.List(groups, -1), f.Do(op.Reduce{Name: "prod", Axes: []int{0}, KeepDim: true}, extents)))
	w := f.Do(op.Transpose{Perm: []int{0, 2, 1}}, f.Do(op.Reshape{}, weight, f.Do(op.Cat{}, f.List(groups, -1), f.Do(op.Mul{}, f.Extent(weight, 1), f.List(taps)))))
	cols := f.Do(op.Reshape{}, f.Do(op.MatMul{}, w, lines), f.Do(op.Cat{}, batch, outputs, f.List(-1)))
	if !n.has(2) {
		return f.Result(op.Col2Im{Spatial: s}, cols, image, f.List(kernel...))
	}
	y := f.Do(op.Col2Im{Spatial: s}, cols, image, f.List(kernel...))
	return f.Result(op.Add{}, y, f.Along(-1-len(kernel), n.in[2]))
}

// readMaxUnpool puts elements to their places in a flat result. A shape of the result that is
// given is filled with zeros behind that.
func readMaxUnpool(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	x := n.in[0]
	kernel := f.numbers("kernel_shape", nil)
	s, err := n.spatial(len(kernel))
	if err != nil {
		return nil, err
	}
	last := make([]int, len(kernel))
	for i, k := range kernel {
		last[i] = k - s.Before[i] - s.After[i] - s.Stride[i]
	}
	shape := f.Do(op.Add{}, f.Do(op.Mul{}, f.Shape(x), f.List(append([]int{1, 1}, s.Stride...)...)), f.List(append([]int{0, 0}, last...)...))
	size := f.Do(op.Reduce{Name: "prod", Axes: []int{0}, KeepDim: true}, shape)
	flat := func(v *graph.Value) *graph.Value { return f.Do(op.Reshape{Shape: []int{-1}}, v) }
	y := f.Do(op.ScatterElements{}, f.Do(op.Expand{}, f.NumberOf(x, 0), size), flat(n.in[1]), flat(x))
	if !n.has(2) {
		return f.Result(op.Reshape{}, y, shape)
	}
	behind := f.Do(op.Sub{}, n.in[2], shape)
	pads := f.Do(op.Cat{}, f.Do(op.Mul{}, behind, f.List(0)), behind)
	return f.Result(op.Pad{Mode: "constant"}, f.Do(op.Reshape{}, y, shape), pads)
}

// readAffineGrid multiplies each place of a grid from -1 to 1 by matrices.
func readAffineGrid(n *node) ([]*graph.Value, error) {
	f := n.formula(2)
	if f.Err != nil {
		return nil, f.Err
	}
	size, err := n.numbersOf(1, "size")
	if err != nil {
		return nil, err
	}
	corners := f.flag("align_corners", false)
	if len(size) != 4 && len(size) != 5 {
		return nil, fmt.Errorf("size %v; four or five extents are expected", size)
	}
	places, err := gridPlaces(size[2:], corners)
	if err != nil {
		return nil, err
	}
	y := f.Do(op.MatMul{}, f.constant(places), f.Do(op.Transpose{Perm: []int{0, 2, 1}}, n.in[0]))
	return f.Result(op.Reshape{Shape: append(append([]int{size[0]}, size[2:]...), len(size)-2)}, y)
}

// gridPlaces are the places of all elements of an image, the last axis first, then 1.
func gridPlaces(extents []int, corners bool) (*tensor.Tensor, error) {
	count, err := tensor.Shape(extents).CheckedNumel()
	if err != nil || count > maxWindow {
		return nil, fmt.Errorf("a grid of %v is too large", extents)
	}
	rank := len(extents)
	t := tensor.New(tensor.Float32, count, rank+1)
	for i := range count {
		row, rest := t.Float32s()[i*(rank+1):], i
		row[rank] = 1
		for a := rank - 1; a >= 0; a-- {
			at, n := rest%extents[a], extents[a]
			rest /= n
			switch {
			case !corners:
				row[rank-1-a] = float32(float64(2*at+1)/float64(n) - 1)
			case n > 1:
				row[rank-1-a] = float32(float64(2*at)/float64(n-1) - 1)
			}
		}
	}
	return t, nil
}
