package vision

import "fmt"

// Interpolation names how Resize computes pixels; the strings are torchvision's.
type Interpolation string

// The interpolations of the torchvision presets. Bilinear and Bicubic are
// antialiased, as they always are on PIL images.
const (
	Nearest  Interpolation = "nearest"
	Bilinear Interpolation = "bilinear"
	Bicubic  Interpolation = "bicubic"
)

// Valid reports whether Resize knows the interpolation.
func (i Interpolation) Valid() bool { return i == Nearest || i == Bilinear || i == Bicubic }

// ShorterEdge returns the size that makes the shorter edge of an image equal
// to edge and keeps its aspect ratio; the longer edge is truncated, as
// torchvision does.
func ShorterEdge(width, height, edge int) (newWidth, newHeight int) {
	if width <= height {
		return edge, int(int64(edge) * int64(height) / int64(width))
	}
	return int(int64(edge) * int64(width) / int64(height)), edge
}

// Resize returns m resampled to width x height pixels with exactly Pillow's
// arithmetic. An image that has the size already is returned itself. It panics
// on an empty size or an unknown interpolation.
func Resize(m *Image, width, height int, how Interpolation) *Image {
	if width <= 0 || height <= 0 || m.Width <= 0 || m.Height <= 0 || !how.Valid() {
		panic(fmt.Sprintf("vision: Resize of %dx%d to %dx%d by %q", m.Width, m.Height, width, height, how))
	}
	if m.Width == width && m.Height == height {
		return m
	}
	if how == Nearest {
		return nearest(m, width, height)
	}
	f := filters[how]
	if columnsFirst(m, width, height) {
		m = resampleColumns(m, 0, f.windows(m.Height, height))
		return resampleRows(m, 0, height, width, f)
	}
	first, last := 0, m.Height
	var columns []window
	if height != m.Height {
		columns = f.windows(m.Height, height)
		end := columns[height-1]
		first, last = columns[0].start, end.start+len(end.coeff)
	}
	if width != m.Width {
		m = resampleRows(m, first, last, width, f)
	} else {
		first = 0
	}
	if columns != nil {
		m = resampleColumns(m, first, columns)
	}
	return m
}

// columnsFirst reports whether Pillow 13 resamples the columns before the rows:
// when the image loses more than twice as many lines as columns. The order
// decides the roundings between the passes. (Earlier versions never do.)
func columnsFirst(m *Image, width, height int) bool {
	return width != m.Width && height < m.Height && m.Height-height > 2*(m.Width-width)
}

// nearest takes the input pixel under the centre of each output pixel.
func nearest(m *Image, width, height int) *Image {
	out := NewImage(width, height)
	columns, rows := centres(m.Width, width), centres(m.Height, height)
	for y, sy := range rows {
		src, dst := m.row(sy), out.row(y)
		for x, sx := range columns {
			copy(dst[3*x:3*x+3], src[3*sx:3*sx+3])
		}
	}
	return out
}

// centres steps along an axis by adding up, as Pillow does: the accumulated
// rounding decides ties.
func centres(in, out int) []int {
	step := float64(in) / float64(out)
	at := float64(step * 0.5)
	result := make([]int, out)
	for i := range result {
		result[i] = min(int(at), in-1)
		at += step
	}
	return result
}

// CenterCrop cuts the middle width x height pixels out of m, as torchvision: an
// image that is too small is first padded with black on both sides, the odd
// line at the right or bottom; half a line of offset rounds to even.
func CenterCrop(m *Image, width, height int) *Image {
	left, top := cropOffset(m.Width, width), cropOffset(m.Height, height)
	if m.Width == width && m.Height == height {
		return m
	}
	out := NewImage(width, height)
	x0, x1 := max(left, 0), min(left+width, m.Width)
	for y := range height {
		if sy := y + top; sy >= 0 && sy < m.Height {
			copy(out.row(y)[3*(x0-left):], m.row(sy)[3*x0:3*x1])
		}
	}
	return out
}

// cropOffset is where a crop of size out begins in an axis of size in; negative
// where it begins with padding.
func cropOffset(in, out int) int {
	if out > in {
		return -((out - in) / 2)
	}
	offset, odd := (in-out)/2, (in-out)%2
	return offset + odd*(offset%2) // k + 1/2 rounds to even
}
