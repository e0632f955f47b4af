package engine

import (
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// sliding is a window that moves over images in steps; pairs are (height, width).
type sliding op.Sliding

// at is s with its padding for images of shape in.
func (s sliding) at(in tensor.Shape) sliding { return sliding(op.Sliding(s).For(in)) }

// pads reports whether there may be padding; the windows of one cell that Auto is for have none.
func (s sliding) pads() bool {
	return s.Padding != [2]int{} || s.Uneven != [2]int{} || s.Auto != "" && s.Kernel != [2]int{1, 1}
}

// line is the width of images with their padding.
func (s sliding) line(in tensor.Shape) int {
	s = s.at(in)
	return in[3] + 2*s.Padding[1] + s.Uneven[1]
}

// windows lists, for each position, the cells y*W + x that are inside the image.
func (s sliding) windows(in, out tensor.Shape) windows {
	w := windows{start: []int32{0}}
	s.each(in, out, func(cell int, _ bool) {
		if cell >= 0 {
			w.cells = append(w.cells, int32(cell))
		}
	}, w.close)
	return w
}

// taps lists, tap by tap, the cell of each position, those outside the image as -1.
func (s sliding) taps(in, out tensor.Shape) []int32 {
	s = s.at(in)
	h, w := in[2], in[3]
	taps := make([]int32, 0, s.Kernel[0]*s.Kernel[1]*out[2]*out[3])
	for ky := range s.Kernel[0] {
		for kx := range s.Kernel[1] {
			for oy := range out[2] {
				y := oy*s.Stride[0] - s.Padding[0] + ky*s.Dilation[0]
				x := kx*s.Dilation[1] - s.Padding[1]
				for range out[3] {
					at := -1
					if y >= 0 && y < h && x >= 0 && x < w {
						at = y*w + x
					}
					taps = append(taps, int32(at))
					x += s.Stride[1]
				}
			}
		}
	}
	return taps
}

// padded counts the cells of each position in the image and its padding.
func (s sliding) padded(in, out tensor.Shape) []int {
	var counts []int
	count := 0
	s.each(in, out, func(_ int, within bool) {
		if within {
			count++
		}
	}, func() {
		counts = append(counts, count)
		count = 0
	})
	return counts
}

// each visits the cells of all positions, row by row: the index y*W + x, or -1
// outside the image, and whether the cell is in the image or its padding.
func (s sliding) each(in, out tensor.Shape, cell func(at int, within bool), end func()) {
	s = s.at(in)
	h, w := in[2], in[3]
	for oy := range out[2] {
		for ox := range out[3] {
			for ky := range s.Kernel[0] {
				y := oy*s.Stride[0] - s.Padding[0] + ky*s.Dilation[0]
				for kx := range s.Kernel[1] {
					x := ox*s.Stride[1] - s.Padding[1] + kx*s.Dilation[1]
					at := -1
					if y >= 0 && y < h && x >= 0 && x < w {
						at = y*w + x
					}
					cell(at, y < h+s.Padding[0]+s.Uneven[0] && x < w+s.Padding[1]+s.Uneven[1])
				}
			}
			end()
		}
	}
}

// adaptiveWindows lists the cells floor(i*in/out) up to ceil((i+1)*in/out) of
// each axis.
func adaptiveWindows(in, out tensor.Shape) windows {
	h, w, oh, ow := in[2], in[3], out[2], out[3]
	l := windows{start: []int32{0}}
	for oy := range oh {
		for ox := range ow {
			for y := oy * h / oh; y < divUp((oy+1)*h, oh); y++ {
				for x := ox * w / ow; x < divUp((ox+1)*w, ow); x++ {
					l.cells = append(l.cells, int32(y*w+x))
				}
			}
			l.close()
		}
	}
	return l
}
