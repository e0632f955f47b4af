package autodiff

import "github.com/octet-ml/octet/internal/kernel/matmul32"

// narrow reports whether a convolution reads so few channels of each pixel that
// runs of a whole line of the filter are faster than runs of a pixel.
func (g *geometry) narrow() bool {
	return g.depth < 16 && g.groups == 1 && g.kernel[1] > 1 && g.dilation[1] == 1
}

// border is a copy of the input with its padding, in which the pixels under a line of
// the filter are contiguous.
type border struct {
	p   *product
	mem *buffer
	in  [2]int // extents with the padding
}

// bordered makes p read a bordered copy of x.
func (b *builder) bordered(p *product, x *value) {
	g := &p.geometry
	d := &border{p: p, in: [2]int{g.in[0] + 2*g.padding[0], g.in[1] + 2*g.padding[1]}}
	c := g.depth
	d.mem = b.scratch(4*g.images*d.in[0]*d.in[1]*c, true, true)
	p.border = d
	p.x = matmul32.Operand{Taps: g.kernel[0], Depth: g.kernel[1] * c, Rows: g.outPixels(), Image: d.in[0] * d.in[1] * c}
	for oy := range g.out[0] {
		for ox := range g.out[1] {
			for ky := range g.kernel[0] {
				p.x.Offset = append(p.x.Offset, int32(((oy*g.stride[0]+ky*g.dilation[0])*d.in[1]+ox*g.stride[1])*c))
			}
		}
	}
}

// fill copies the input.
func (d *border) fill() {
	g := &d.p.geometry
	src, dst := d.p.in.v.data.floats(), d.mem.floats()
	line, wide := g.in[1]*g.depth, d.in[1]*g.depth
	left := g.padding[1] * g.depth
	d.p.run(g.images, func(_, n int) {
		image := dst[n*d.in[0]*wide : (n+1)*d.in[0]*wide]
		for y := range d.in[0] {
			to := image[y*wide : (y+1)*wide]
			from := y - g.padding[0]
			if from < 0 || from >= g.in[0] {
				clear(to)
				continue
			}
			clear(to[:left])
			copy(to[left:], src[(n*g.in[0]+from)*line:][:line])
			clear(to[left+line:])
		}
	})
}
