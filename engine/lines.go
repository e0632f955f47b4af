package engine

import (
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// stem reports whether a convolution with g takes a row of its window as one run: where
// pixels have few channels, as in the first layer of a network, the channels of one pixel
// fill only a small part of a vector.
func (g geometry) stem() bool {
	return g.groups == 1 && g.in <= 4 && g.slide.Kernel[1] > 1 && g.slide.Dilation[1] == 1
}

// lines is the copy of the input lines that a piece of a convolution's output
// needs, with their padding: its runs point into that. In it, the pixels of an
// output line are equally spaced under every tap.
type lines struct {
	slide    sliding
	channels int // of a pixel
	across   int // pixels of a window's row that are runs of their own
	taps     int

	in, out tensor.Shape
	length  int     // elements of a line, with padding
	rows    int     // lines of the output in a piece
	pieces  int     // of an image
	count   int     // lines of the copy
	offset  []int32 // of the runs of a piece's pixels, tap by tap
}

// newLines is for pieces of about so many lines of the output.
func newLines(g geometry, channels, across int, in, out desc, rows int) lines {
	s := g.slide.at(in.Shape)
	l := lines{slide: s, channels: channels, across: across, taps: s.Kernel[0] * across, in: in.Shape, out: out.Shape}
	l.length = s.line(in.Shape) * channels
	l.rows = max(1, min(rows, out.Shape[2]))
	l.pieces = divUp(out.Shape[2], l.rows)
	l.count = l.needed(l.rows)
	for t := range l.taps {
		ky, kx := t/across, t%across
		for y := range l.rows {
			for x := range out.Shape[3] {
				at := (y*s.Stride[0]+ky*s.Dilation[0])*l.length + (x*s.Stride[1]+kx*s.Dilation[1])*channels
				l.offset = append(l.offset, int32(at))
			}
		}
	}
	return l
}

// needed is the number of lines that rows lines of the output read.
func (l *lines) needed(rows int) int {
	return (rows-1)*l.slide.Stride[0] + (l.slide.Kernel[0]-1)*l.slide.Dilation[0] + 1
}

// pixels is the number of output pixels of a piece.
func (l *lines) pixels() int { return l.rows * l.out[3] }

// step is the distance of two pixels of an output line.
func (l *lines) step() int { return l.slide.Stride[1] * l.channels }

// size is the number of elements of the copy.
func (l *lines) size() int { return l.count * l.length }

// piece returns where piece i is: its image, its first output line, the number of
// its lines, and its first pixel, counted over all images.
func (l *lines) piece(i int) (image, first, rows, pixel int) {
	image, first = i/l.pieces, i%l.pieces*l.rows
	rows = min(l.rows, l.out[2]-first)
	return image, first, rows, (image*l.out[2] + first) * l.out[3]
}

// copyLines writes what the rows output lines from first on read of an image of x
// to to. pad is a line of padding.
func copyLines[T any](l *lines, to, x, pad []T, image, first, rows int) {
	height, size := l.in[2], l.in[3]*l.channels
	left := l.slide.Padding[1] * l.channels
	top := first*l.slide.Stride[0] - l.slide.Padding[0]
	for y := top; y < top+l.needed(rows); y++ {
		line := to[:l.length]
		to = to[l.length:]
		if y < 0 || y >= height {
			copy(line, pad)
			continue
		}
		copy(line[:left], pad)
		copy(line[left:], x[(image*height+y)*size:][:size])
		copy(line[left+size:], pad)
	}
}

// windowRows pads each row of the weights [O][ky][kx*channel] with zeros to so many
// elements.
func windowRows[T any](w []T, g geometry, row int) []T {
	window := g.slide.Kernel[1] * g.in
	if window == row {
		return w
	}
	padded := make([]T, 0, len(w)/window*row)
	for from := range slices.Chunk(w, window) {
		padded = append(padded, from...)
		padded = append(padded, make([]T, row-window)...)
	}
	return padded
}
