package correct

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// windows are the inputs of a layer's sums: a window of an image for each place of the
// result, or a row. Columns are as those of the weight [outputs, columns], of each group.
type windows struct {
	images           int
	channels         int // of all groups
	groups           int
	h, w             int    // of an image
	kernel           [2]int // 1x1 of rows
	stride, dilation [2]int
	pad              [2]int
	out              [2]int // places
}

// windowsOf is the form of the windows of n on x.
func windowsOf(n *graph.Node, x tensor.Shape) windows {
	weight := n.Inputs[1].Type.Shape
	o, ok := n.Op.(op.Conv2D)
	if !ok {
		k := weight[1]
		return windows{images: x.Numel() / k, channels: k, groups: 1, h: 1, w: 1, kernel: [2]int{1, 1},
			stride: [2]int{1, 1}, dilation: [2]int{1, 1}, out: [2]int{1, 1}}
	}
	of := func(s tensor.Shape) graph.Fact { return graph.Fact{Type: graph.Type{DType: tensor.Float32, Shape: s}} }
	y, err := o.Infer([]graph.Fact{of(x), of(weight)})
	if err != nil {
		panic(err) // the graph was inferred for x
	}
	s := o.Sliding([2]int{weight[2], weight[3]}).For(x)
	return windows{images: x[0], channels: x[1], groups: o.Groups, h: x[2], w: x[3], kernel: s.Kernel, stride: s.Stride, dilation: s.Dilation,
		pad: s.Padding, out: [2]int(y[0].Shape[2:])}
}

// count is the number of windows.
func (w windows) count() int { return w.images * w.out[0] * w.out[1] }

// taps is the number of places in a window.
func (w windows) taps() int { return w.kernel[0] * w.kernel[1] }

// columns is the number of elements in a window, of one group.
func (w windows) columns() int { return w.channels / w.groups * w.taps() }

// inside is the part of the places at which a tap along an axis is inside of the image, and
// where the first of them is.
func (w windows) inside(axis, tap, size int) (from, end, first int) {
	offset := tap*w.dilation[axis] - w.pad[axis]
	for from < w.out[axis] && from*w.stride[axis]+offset < 0 {
		from++
	}
	end = w.out[axis]
	for end > from && (end-1)*w.stride[axis]+offset >= size {
		end--
	}
	return from, end, from*w.stride[axis] + offset
}

// addSums adds to sums, which has an element for each channel and tap, the elements of all
// windows, less zero for each that is inside.
func addSums[T float32 | uint8 | int8](sums []float64, w windows, x []T, zero float64) {
	for tap := range w.taps() {
		y0, y1, top := w.inside(0, tap/w.kernel[1], w.h)
		x0, x1, left := w.inside(1, tap%w.kernel[1], w.w)
		for image := range w.images {
			for c := range w.channels {
				plane := x[(image*w.channels+c)*w.h*w.w:][:w.h*w.w]
				sum := 0.0
				for y := range y1 - y0 {
					row := plane[(top+y*w.stride[0])*w.w:]
					for i := range x1 - x0 {
						sum += float64(row[left+i*w.stride[1]])
					}
				}
				sums[c*w.taps()+tap] += sum - zero*float64((y1-y0)*(x1-x0))
			}
		}
	}
}

// gather writes column by column, at dst[column*rows+row], the elements less zero of the
// windows with the numbers at, of columns from first on, of one group.
func gather[T uint8 | int8](dst []int32, rows, row int, w windows, group, first, columns int, x []T, zero int32, at []int) {
	perGroup, places := w.channels/w.groups, w.out[0]*w.out[1]
	for k := range columns {
		c, tap := group*perGroup+(first+k)/w.taps(), (first+k)%w.taps()
		dy, dx := tap/w.kernel[1]*w.dilation[0]-w.pad[0], tap%w.kernel[1]*w.dilation[1]-w.pad[1]
		for i, number := range at {
			image, place := number/places, number%places
			y, left := place/w.out[1]*w.stride[0]+dy, place%w.out[1]*w.stride[1]+dx
			v := int32(0)
			if y >= 0 && y < w.h && left >= 0 && left < w.w {
				v = int32(x[((image*w.channels+c)*w.h+y)*w.w+left]) - zero
			}
			dst[k*rows+row+i] = v
		}
	}
}
