package engine

import (
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// A transposed convolution is computed as several convolutions. Of the output pixels that
// lie a stride apart in both directions, each is a sum over the same taps of the filter, at
// input pixels that follow each other: a convolution at stride 1 with these taps. There are
// stride times stride of them, each a product over gathered rows as other convolutions are;
// nothing is multiplied that padding between input pixels would add.

// phase is one of these convolutions.
type phase struct {
	geometry        // of its taps
	first    [2]int // its first output pixel
	cells    []phaseTap
}

// phaseTap is a cell of the filter, and how far the input pixel that it multiplies is from
// the place of the output pixel within its phase.
type phaseTap struct {
	cell  int
	shift [2]int
}

// phases of a transposed convolution with filters [C, O/groups, KH, KW].
func phases(c op.ConvTranspose2D, w tensor.Shape) []phase {
	var list []phase
	for y := range c.Stride[0] {
		for x := range c.Stride[1] {
			p := phase{first: [2]int{y, x}}
			for ky := range w[2] {
				for kx := range w[3] {
					dy, dx := y+c.Padding[0]-ky*c.Dilation[0], x+c.Padding[1]-kx*c.Dilation[1]
					if dy%c.Stride[0] == 0 && dx%c.Stride[1] == 0 {
						p.cells = append(p.cells, phaseTap{ky*w[3] + kx, [2]int{dy / c.Stride[0], dx / c.Stride[1]}})
					}
				}
			}
			p.geometry = geometry{groups: c.Groups, in: w[0] / c.Groups, out: w[1], taps: max(1, len(p.cells))}
			list = append(list, p)
		}
	}
	return list
}

// filters lists the filters of a phase, [O][tap][channel], of w, [C][O/groups][cell]. A
// phase without taps has one of zeros: its pixels are the bias.
func filters[T any](p *phase, w []T, cells int) []T {
	f := make([]T, 0, p.groups*p.out*p.taps*p.in)
	for group := range p.groups {
		for o := range p.out {
			for _, tap := range p.cells {
				for c := range p.in {
					f = append(f, w[((group*p.in+c)*p.out+o)*cells+tap.cell])
				}
			}
			if len(p.cells) == 0 {
				f = append(f, make([]T, p.in)...)
			}
		}
	}
	return f
}

// phasePixels is how many output pixels a piece has, about.
const phasePixels = 128

// phasePieces are the output pixels of a phase in pieces of whole lines.
type phasePieces struct {
	phase
	height, width int // output pixels of an image
	lines         int // of a piece
	down          int // pieces of an image
	count         int // pieces, of all images and groups
	offset        [][]int32
}

// pieces of a phase. An image has so many output pixels as out says.
func (p phase) pieces(stride [2]int, in, out tensor.Shape) phasePieces {
	f := phasePieces{phase: p}
	f.height, f.width = max(0, divUp(out[2]-p.first[0], stride[0])), max(0, divUp(out[3]-p.first[1], stride[1]))
	if f.height*f.width == 0 {
		return f
	}
	f.lines = min(f.height, divUp(phasePixels, f.width))
	f.down = divUp(f.height, f.lines)
	f.count = f.down * out[0] * p.groups
	for i := range f.down {
		f.offset = append(f.offset, f.offsets(i*f.lines, min(f.lines, f.height-i*f.lines), in))
	}
	return f
}

// offsets are the input pixels, in elements, of the output pixels of some lines, tap by
// tap; -1 for those outside the image.
func (f *phasePieces) offsets(first, lines int, in tensor.Shape) []int32 {
	taps := f.cells
	if len(taps) == 0 {
		taps = []phaseTap{{shift: [2]int{-1 - f.height, 0}}}
	}
	offsets := make([]int32, 0, len(taps)*lines*f.width)
	for _, t := range taps {
		for y := first; y < first+lines; y++ {
			for x := range f.width {
				iy, ix, at := y+t.shift[0], x+t.shift[1], -1
				if iy >= 0 && iy < in[2] && ix >= 0 && ix < in[3] {
					at = (iy*in[3] + ix) * in[1]
				}
				offsets = append(offsets, int32(at))
			}
		}
	}
	return offsets
}

// pixels is the number of output pixels of the largest piece.
func (f *phasePieces) pixels() int { return f.lines * f.width }

// piece tells image, group, first line and number of lines of piece i.
func (f *phasePieces) piece(i int) (image, group, part, lines int) {
	part = i % f.down
	i /= f.down
	return i / f.groups, i % f.groups, part, min(f.lines, f.height-part*f.lines)
}

// spreadPixels copies rows, the output pixels of some lines of a phase of one group, to where
// they are in an image.
func spreadPixels[T any](f *phasePieces, stride [2]int, image, rows []T, first, lines, group, width int) {
	for y := first; y < first+lines; y++ {
		at := (((f.first[0] + y*stride[0]) * width) + f.first[1]) * f.groups * f.out
		for range f.width {
			copy(image[at+group*f.out:][:f.out], rows[:f.out])
			rows = rows[f.out:]
			at += stride[1] * f.groups * f.out
		}
	}
}
