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
	return resizePart(m, width, height, how, part{0, 0, width, height})
}

// part is a rectangle of an image.
type part struct{ left, top, width, height int }

// resizePart returns a part of m resampled to width x height pixels, and computes no other.
func resizePart(m *Image, width, height int, how Interpolation, p part) *Image {
	if how == Nearest {
		return nearest(m, width, height, p)
	}
	f := filters[how]
	if width == m.Width {
		if height == m.Height {
			return cut(m, p.left, p.top, p.width, p.height)
		}
		return resampleColumns(m, p.left, p.left+p.width, f.axis(m.Height, height, p.top, p.top+p.height, false))
	}
	across := f.axis(m.Width, width, p.left, p.left+p.width, true)
	if height == m.Height {
		return resampleRows(m, p.top, p.top+p.height, across)
	}
	down := f.axis(m.Height, height, p.top, p.top+p.height, false)
	var between *Image
	defer func() { recycle(between) }()
	if columnsFirst(m, width, height) {
		first, last := across.span()
		across.move(first)
		between = resampleColumns(m, first, last, down)
		return resampleRows(between, 0, p.height, across)
	}
	first, last := down.span()
	down.move(first)
	between = resampleRows(m, first, last, across)
	return resampleColumns(between, 0, p.width, down)
}

// columnsFirst reports whether Pillow 13 resamples the columns before the rows:
// when the image loses more than twice as many lines as columns. The order
// decides the roundings between the passes. (Earlier versions never do.)
func columnsFirst(m *Image, width, height int) bool {
	return width != m.Width && height < m.Height && m.Height-height > 2*(m.Width-width)
}

// nearest takes the input pixel under the centre of each output pixel.
func nearest(m *Image, width, height int, p part) *Image {
	out := blankImage(p.width, p.height)
	columns := centres(m.Width, width)[p.left:][:p.width]
	for y, sy := range centres(m.Height, height)[p.top:][:p.height] {
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
