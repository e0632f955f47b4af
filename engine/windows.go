package engine

import "github.com/octet-ml/octet/tensor"

// sliding is a window that moves over images in steps; pairs are (height, width).
type sliding struct{ kernel, stride, padding, dilation [2]int }

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
	h, w := in[2], in[3]
	taps := make([]int32, 0, s.kernel[0]*s.kernel[1]*out[2]*out[3])
	for ky := range s.kernel[0] {
		for kx := range s.kernel[1] {
			for oy := range out[2] {
				y := oy*s.stride[0] - s.padding[0] + ky*s.dilation[0]
				x := kx*s.dilation[1] - s.padding[1]
				for range out[3] {
					at := -1
					if y >= 0 && y < h && x >= 0 && x < w {
						at = y*w + x
					}
					taps = append(taps, int32(at))
					x += s.stride[1]
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
	h, w := in[2], in[3]
	for oy := range out[2] {
		for ox := range out[3] {
			for ky := range s.kernel[0] {
				y := oy*s.stride[0] - s.padding[0] + ky*s.dilation[0]
				for kx := range s.kernel[1] {
					x := ox*s.stride[1] - s.padding[1] + kx*s.dilation[1]
					at := -1
					if y >= 0 && y < h && x >= 0 && x < w {
						at = y*w + x
					}
					cell(at, y < h+s.padding[0] && x < w+s.padding[1])
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
