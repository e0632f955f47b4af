package vision

import "github.com/octet-ml/octet/internal/kernel/pixels8"

// Chroma planes are brought to full size by the filters that libjpeg calls
// "fancy" (triangles over the two nearest samples of each direction), whose
// small biases alternate so that rounding does not drift.

// plane is one component of an image; only width x height samples are real.
type plane struct {
	pix           []uint8
	stride        int
	width, height int
}

func (p plane) row(y int) []uint8 {
	y = min(max(y, 0), p.height-1)
	return p.pix[y*p.stride : y*p.stride+p.width]
}

// upsampler returns row y of the enlarged plane, valid until the next call.
type upsampler func(y int) []uint8

// chromaUpsampler chooses as libjpeg-turbo does: by the ratios, and by whether
// there are more than two samples in a row. Rows get width samples.
func chromaUpsampler(p plane, ratioX, ratioY, width int) upsampler {
	fancyX := p.width > 2
	if ratioX == 1 && ratioY == 1 {
		return p.row
	}
	dst := make([]uint8, 2*max(width, p.width))
	call := &pixels8.Call{Out: dst}
	switch {
	case ratioX == 2 && ratioY == 1 && fancyX:
		run := kernelsHere()[pixels8.Double]
		return func(y int) []uint8 {
			call.A = p.row(y)
			run(call)
			return dst[:width]
		}
	case ratioX == 2 && ratioY == 2 && fancyX:
		run := kernelsHere()[pixels8.Both]
		return func(y int) []uint8 {
			call.A, call.B = p.row(y/2), p.row(neighbour(y))
			run(call)
			return dst[:width]
		}
	case ratioX == 1 && ratioY == 2:
		return func(y int) []uint8 {
			doubleColumn(dst[:width], p, y)
			return dst[:width]
		}
	default:
		return func(y int) []uint8 {
			row := p.row(y / ratioY)
			for x := range dst[:width] {
				dst[x] = row[min(x/ratioX, len(row)-1)]
			}
			return dst[:width]
		}
	}
}

// neighbour is the chroma row that lies farther from luma row y.
func neighbour(y int) int {
	if y%2 == 0 {
		return y/2 - 1
	}
	return y/2 + 1
}

func doubleColumn(dst []uint8, p plane, y int) {
	near, far := p.row(y/2), p.row(neighbour(y))
	bias := 1 + y%2
	for x := range min(len(dst), len(near)) {
		dst[x] = uint8((3*int(near[x]) + int(far[x]) + bias) >> 2)
	}
}
