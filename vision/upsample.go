package vision

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

// upsampler writes row y of the enlarged plane to dst, which may be one sample
// longer than the image when the plane is doubled along x.
type upsampler func(dst []uint8, p plane, y int)

// chromaUpsampler chooses as libjpeg-turbo does: by the ratios, and by whether
// there are more than two samples in a row.
func chromaUpsampler(p plane, ratioX, ratioY int) upsampler {
	fancyX := p.width > 2
	switch {
	case ratioX == 1 && ratioY == 1:
		return func(dst []uint8, p plane, y int) { copy(dst, p.row(y)) }
	case ratioX == 2 && ratioY == 1 && fancyX:
		return func(dst []uint8, p plane, y int) { doubleRow(dst, p.row(y)) }
	case ratioX == 2 && ratioY == 2 && fancyX:
		return doubleBoth
	case ratioX == 1 && ratioY == 2:
		return doubleColumn
	default:
		return func(dst []uint8, p plane, y int) {
			row := p.row(y / ratioY)
			for x := range dst {
				dst[x] = row[min(x/ratioX, len(row)-1)]
			}
		}
	}
}

// doubleRow weights the nearer sample 3/4 and the farther 1/4.
func doubleRow(dst, src []uint8) {
	last := len(src) - 1
	for x := range dst {
		i := min(x/2, last)
		near := 3 * int(src[i])
		switch {
		case x%2 == 0 && i > 0:
			dst[x] = uint8((near + int(src[i-1]) + 1) >> 2)
		case x%2 == 1 && i < last:
			dst[x] = uint8((near + int(src[i+1]) + 2) >> 2)
		default:
			dst[x] = src[i]
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

// doubleBoth is the product of both directions with one rounding: sums over
// the column are 4, over both 16 times the sample.
func doubleBoth(dst []uint8, p plane, y int) {
	near, far := p.row(y/2), p.row(neighbour(y))
	last := len(near) - 1
	column := func(i int) int { return 3*int(near[i]) + int(far[i]) }
	for x := range dst {
		i := min(x/2, last)
		this := column(i)
		switch {
		case x%2 == 0 && i > 0:
			dst[x] = uint8((3*this + column(i-1) + 8) >> 4)
		case x%2 == 1 && i < last:
			dst[x] = uint8((3*this + column(i+1) + 7) >> 4)
		default:
			dst[x] = uint8((4*this + 8 - x%2) >> 4)
		}
	}
}
