package autodiff

import (
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// geometry is the shape of a convolution. Channels are per group; pairs are
// (height, width).
type geometry struct {
	kernel, stride, padding, dilation [2]int
	in, out                           [2]int // extents of the images
	images                            int
	groups, depth, width              int // width: output channels of a group
}

func newGeometry(c op.Conv2D, x, w, y tensor.Shape) geometry {
	return geometry{
		kernel: [2]int{w[2], w[3]}, stride: c.Stride, padding: c.Padding, dilation: c.Dilation,
		in: [2]int{x[2], x[3]}, out: [2]int{y[2], y[3]}, images: x[0],
		groups: c.Groups, depth: w[1], width: w[0] / c.Groups,
	}
}

func (g *geometry) taps() int        { return g.kernel[0] * g.kernel[1] }
func (g *geometry) inChannels() int  { return g.groups * g.depth }
func (g *geometry) outChannels() int { return g.groups * g.width }
func (g *geometry) inPixels() int    { return g.in[0] * g.in[1] }
func (g *geometry) outPixels() int   { return g.out[0] * g.out[1] }
func (g *geometry) depthwise() bool  { return g.depth == 1 && g.width == 1 && g.groups > 1 }

// pointwise reports whether each output pixel reads the one input pixel at its own
// place.
func (g *geometry) pointwise() bool {
	return g.taps() == 1 && g.stride == [2]int{1, 1} && g.padding == [2]int{}
}

// forward is the indirection buffer: for each output pixel and tap, the offset of the input
// pixel in the image, -1 for padding.
func (g *geometry) forward() []int32 {
	offsets := make([]int32, 0, g.outPixels()*g.taps())
	for oy := range g.out[0] {
		for ox := range g.out[1] {
			for ky := range g.kernel[0] {
				y := oy*g.stride[0] - g.padding[0] + ky*g.dilation[0]
				for kx := range g.kernel[1] {
					x := ox*g.stride[1] - g.padding[1] + kx*g.dilation[1]
					at := -1
					if y >= 0 && y < g.in[0] && x >= 0 && x < g.in[1] {
						at = (y*g.in[1] + x) * g.inChannels()
					}
					offsets = append(offsets, int32(at))
				}
			}
		}
	}
	return offsets
}

// phase is a set of input pixels that are read by the same taps: all pixels at stride 1.
type phase struct {
	taps    []int
	pixels  []int32 // of an image
	offsets []int32 // [pixel][tap]: where the channels of the output pixel that reads it start; -1 for none
}

// backward divides the input pixels into phases.
func (g *geometry) backward() []phase {
	var phases []phase
	for py := range min(g.stride[0], g.in[0]) {
		for px := range min(g.stride[1], g.in[1]) {
			phases = append(phases, g.phase(py, px))
		}
	}
	return phases
}

// phase is that of the pixels py, py+stride, … by px, px+stride, ….
func (g *geometry) phase(py, px int) phase {
	var p phase
	for ky := range g.kernel[0] {
		for kx := range g.kernel[1] {
			if (py+g.padding[0]-ky*g.dilation[0])%g.stride[0] == 0 && (px+g.padding[1]-kx*g.dilation[1])%g.stride[1] == 0 {
				p.taps = append(p.taps, ky*g.kernel[1]+kx)
			}
		}
	}
	for y := py; y < g.in[0]; y += g.stride[0] {
		for x := px; x < g.in[1]; x += g.stride[1] {
			p.pixels = append(p.pixels, int32(y*g.in[1]+x))
			for _, t := range p.taps {
				oy, ox := y+g.padding[0]-t/g.kernel[1]*g.dilation[0], x+g.padding[1]-t%g.kernel[1]*g.dilation[1]
				at := -1
				if oy >= 0 && ox >= 0 && oy/g.stride[0] < g.out[0] && ox/g.stride[1] < g.out[1] {
					at = (oy/g.stride[0]*g.out[1] + ox/g.stride[1]) * g.outChannels()
				}
				p.offsets = append(p.offsets, int32(at))
			}
		}
	}
	return p
}
