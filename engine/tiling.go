package engine

import "github.com/octet-ml/octet/tensor"

// tiling divides the images of a convolution for Winograd F(2x2, 3x3): into tiles of 2x2
// output pixels, each of which reads 4x4 input pixels.
type tiling struct {
	n                 int // tiles, of all images
	tiles, across     int // of an image, of its lines
	inImage, outImage int // elements
	outShape          tensor.Shape
	from, to          []int32 // input pixels of the tiles of an image, and output pixels
}

// winogradable reports whether g is a convolution of 3x3 at stride 1 in one group.
func (g geometry) winogradable() bool {
	s := g.slide
	return g.groups == 1 && s.Kernel == [2]int{3, 3} && s.Stride == [2]int{1, 1} && s.Dilation == [2]int{1, 1}
}

// tile cuts the images of type y, convolved from those of type x.
func (g geometry) tile(x, y tensor.Shape) tiling {
	down, across := divUp(y[2], 2), divUp(y[3], 2)
	t := tiling{n: y[0] * down * across, tiles: down * across, across: across, inImage: x[1:].Numel(), outImage: y[1:].Numel(), outShape: y}
	window := sliding{Kernel: [2]int{4, 4}, Stride: [2]int{2, 2}, Padding: g.slide.at(x).Padding, Dilation: [2]int{1, 1}}
	t.from = scaled(window.taps(x, tensor.Shape{1, 1, down, across}), g.in)
	pixel := sliding{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}}
	t.to = scaled(pixel.taps(y, tensor.Shape{1, 1, down, across}), g.out)
	return t
}

// rows describes the tiles as rows of a product over their input pixels.
func (t *tiling) rows() *operandRows {
	return &operandRows{geometry: geometry{taps: 16}, rows: t.tiles, image: t.inImage, offset: t.from}
}

// macs is what a convolution without tiles multiplies.
func (t *tiling) macs(g geometry) int64 {
	return int64(t.outShape.Numel()) * int64(g.taps) * int64(g.in)
}

// add has then add to the output pixels of tiles m0 to m1, channels n0 to n1.
func (t *tiling) add(then *addition, worker, m0, m1, n0, n1, channels int) {
	if then == nil {
		return
	}
	// Tiles of one line of them are two lines of pixels.
	height, width := t.outShape[2], t.outShape[3]
	for m := m0; m < m1; {
		line, first := m/t.across, m%t.across
		last := min(t.across, first+m1-m)
		image, y := line/(t.tiles/t.across), line%(t.tiles/t.across)*2
		for row := y; row < min(y+2, height); row++ {
			at := (image*height + row) * width
			then.block(worker, at+2*first, at+min(2*last, width), n0, n1, channels)
		}
		m += last - first
	}
}
