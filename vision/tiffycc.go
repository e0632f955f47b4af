package vision

import (
	"errors"
	"slices"
)

// decodeYCbCr reads a page of luma and chroma that no JPEG codec turns to RGB. It
// has libtiff's numbers: chroma is repeated, and the equations are those of the
// file's own coefficients.
func (m *tiffCanvas) decodeYCbCr() error {
	sub := m.tags.numbers(530, []int{2, 2})
	if len(sub) < 2 || m.bits != 8 || m.samples != 3 {
		return errors.New("this layout of luma and chroma is not supported")
	}
	h, v := sub[0], sub[1]
	known := slices.Contains([][2]int{{1, 1}, {2, 1}, {4, 1}, {1, 2}, {2, 2}, {4, 2}, {4, 4}}, [2]int{h, v})
	if !known || m.separate && h*v > 1 || m.width < h || m.height < v {
		return errors.New("this sampling of chroma is not supported")
	}
	blocks, err := m.blocks()
	if err != nil {
		return err
	}
	colors := m.newYCCTables()
	m.layout.mode = modeRGB
	if m.separate {
		return m.separateYCbCr(blocks, colors)
	}
	unit := h*v + 2 // lumas, blue, red
	for _, b := range blocks {
		across := ceilDiv(b.columns, h)
		// A row of units stands for v rows of pixels; the predictor sees one.
		stride, down := across*unit/v, ceilDiv(b.rows, v)
		data, err := m.unpackBlock(b, stride, across*unit*down)
		if err != nil {
			return err
		}
		if m.tags.number(322, 0) == 0 {
			clear(data[stride*down*v:]) // libtiff reads that many bytes of a strip, cut to whole ones
		}
		for y := range b.height {
			for x := range b.width {
				p := data[(y/v*across+x/h)*unit:]
				colors.convert(m.at(b.x+x, b.y+y), p[y%v*h+x%h], p[h*v], p[h*v+1])
			}
		}
	}
	return nil
}

func (m *tiffCanvas) separateYCbCr(blocks []block, colors *yccTables) error {
	for _, b := range blocks {
		data, err := m.unpackBlock(b, b.columns, b.columns*b.rows)
		if err != nil {
			return err
		}
		for y := range b.height {
			bandUnpacker(b.plane, 1)(m.at(b.x, b.y+y), data[y*b.columns:], b.width)
		}
	}
	for i := 0; i < len(m.pix); i += 4 {
		colors.convert(m.pix[i:], m.pix[i], m.pix[i+1], m.pix[i+2])
	}
	return nil
}

// yccTables has the parts of the equations for each value of a sample.
type yccTables struct {
	luma, red, blue, greenOfRed, greenOfBlue [256]int32
}

func (m *tiffCanvas) newYCCTables() *yccTables {
	weights, levels := m.tags.rationals(529, 3), m.tags.rationals(532, 6)
	if weights == nil || weights[1] == 0 {
		weights = []float32{0.299, 0.587, 0.114}
	}
	if levels == nil {
		levels = []float32{0, 255, 128, 255, 128, 255}
	}
	fixed := func(v float32) int32 { return int32(float64(min(max(v, 0), 2))*65536 + 0.5) }
	r, b := 2-2*weights[0], 2-2*weights[2]
	d1, d3 := fixed(r), fixed(b)
	d2, d4 := -fixed(weights[0]*r/weights[1]), -fixed(weights[2]*b/weights[1])
	level := func(v, black, white, full float32) int32 {
		span := white - black
		if span == 0 {
			span = 1
		}
		return int32(min(max((v-float32(int32(black)))*full/span, -4096), 4096))
	}
	t := &yccTables{}
	for i := range 256 {
		x := float32(i - 128)
		red, blue := level(x, levels[4]-128, levels[5]-128, 127), level(x, levels[2]-128, levels[3]-128, 127)
		t.red[i], t.blue[i] = (d1*red+1<<15)>>16, (d3*blue+1<<15)>>16
		t.greenOfRed[i], t.greenOfBlue[i] = d2*red, d4*blue+1<<15
		t.luma[i] = level(x+128, levels[0], levels[1], 255)
	}
	return t
}

func (t *yccTables) convert(dst []uint8, y, cb, cr uint8) {
	luma := t.luma[y]
	dst[0] = clamp8(luma + t.red[cr])
	dst[1] = clamp8(luma + (t.greenOfBlue[cb]+t.greenOfRed[cr])>>16)
	dst[2] = clamp8(luma + t.blue[cb])
}
