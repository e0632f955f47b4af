package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// A transposed convolution is computed as several convolutions. Output pixels a stride apart
// in both directions are sums over the same taps of the filter, at adjacent input pixels: a
// convolution at stride 1 with these taps. There are stride times stride of them, each a
// product over indirect rows as other convolutions are, and no zeros between input pixels
// are multiplied.

// phase is one of these convolutions.
type phase struct {
	geometry        // of its taps
	first    [2]int // its first output pixel
	cells    []phaseTap
}

// phaseTap is a cell of the filter, and the distance from the index of the output pixel
// within its phase to the input pixel that the cell multiplies.
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

// phasePixels is about the number of output pixels of a piece.
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

// transposed is a transposed convolution without its numbers.
type transposed struct {
	stride [2]int
	phases []phase
}

func (transposed) packsParameters() {}

// lowerConvTranspose makes a product of every phase.
func lowerConvTranspose(n *graph.Node, c op.ConvTranspose2D, t target) (operation, string, error) {
	if reason := weightsReason(n, t); reason != "" {
		return nil, reason, nil
	}
	w := n.Inputs[1].Type
	if c.Groups < 1 || w.Shape[0]%c.Groups != 0 {
		return nil, "", nil // Infer will say what is wrong
	}
	if c.Output != [2]int{} {
		return nil, "its padding depends on the size of the image", nil
	}
	c = c.At(tensor.Shape{1, w.Shape[0], 1, 1}, w.Shape) // which is the same for every size
	o := transposed{c.Stride, phases(c, w.Shape)}
	switch {
	case w.DType == tensor.Float32:
		return newTransposed32(n, o, c.Act, t), "", nil
	case w.DType != tensor.QInt8 || !w.Q.IsPerTensor() || w.Q.ZeroPoint() != 0:
		return nil, "its weights are not codes of qint8 with one scale and the zero point 0", nil
	}
	f, err := newFinish(n, t, c.Act, false)
	if err != nil {
		return nil, "", err
	}
	return newTransposed8(n, o, f, t), "", nil
}

// fixedTransposed is a transposed for operands of known shapes.
type fixedTransposed struct {
	transposed
	in, out desc
	parts   []phasePieces // by phase
	count   int           // pieces of all phases
	pixels  int           // of the largest piece
}

func (o transposed) fixed(in, out desc) fixedTransposed {
	f := fixedTransposed{transposed: o, in: in, out: out}
	for _, p := range o.phases {
		pieces := p.pieces(o.stride, in.Shape, out.Shape)
		f.parts = append(f.parts, pieces)
		f.count += pieces.count
		f.pixels = max(f.pixels, pieces.pixels())
	}
	return f
}

// macs counts the taps of all output pixels, those outside the image too, as for other
// convolutions.
func (f *fixedTransposed) macs() int64 {
	n := int64(0)
	for _, p := range f.parts {
		n += int64(f.out.Shape[0]*p.height*p.width) * int64(len(p.cells)*p.in*p.out*p.groups)
	}
	return n
}

// block is the number of words of the results of a piece, with the channels of all groups.
func (f *fixedTransposed) block() int {
	return divUp(f.pixels*f.out.Shape[1]*f.out.DType.Size(), 8)
}

// transposedPiece is a piece of a transposed convolution.
type transposedPiece struct {
	*phasePieces
	index        int // of the phase
	image, group int
	first, count int     // lines
	offset       []int32 // of its input pixels, tap by tap
}

// pixels is the number of output pixels.
func (p *transposedPiece) pixels() int { return p.count * p.width }

func (f *fixedTransposed) piece(i int) transposedPiece {
	p := transposedPiece{}
	for i >= f.parts[p.index].count {
		i -= f.parts[p.index].count
		p.index++
	}
	p.phasePieces = &f.parts[p.index]
	part := i % p.down
	i /= p.down
	p.image, p.group = i/p.groups, i%p.groups
	p.first, p.count, p.offset = part*p.lines, min(p.lines, p.height-part*p.lines), p.phasePieces.offset[part]
	return p
}

// scatter copies the channels of a piece's group from its block to its pixels of the result,
// which are a stride apart.
func (f *fixedTransposed) scatter(p *transposedPiece, block, out memory) {
	size := f.out.DType.Size()
	pixel, part, skip := f.out.Shape[1]*size, p.out*size, p.group*p.out*size
	for y := p.first; y < p.first+p.count; y++ {
		line := (p.image*f.out.Shape[2]+p.phase.first[0]+y*f.stride[0])*f.out.Shape[3] + p.phase.first[1]
		for x := range p.width {
			copy(out[(line+x*f.stride[1])*pixel+skip:][:part], block[skip:])
			block = block[pixel:]
		}
	}
}
