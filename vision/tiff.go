package vision

import (
	"errors"
	"fmt"
	"slices"
)

// tiffPage is the first page of a TIFF, as PIL understands it.
type tiffPage struct {
	data          []byte // the file
	bigEndian     bool
	tags          tiffTags
	width, height int
	compression   int
	photometric   int
	separate      bool // one plane after the other
	reversed      bool // the first pixel is in the lowest bit
	bits          int  // per sample
	samples       int  // per pixel
	divisor       int  // what PIL takes for their number where each is a plane
	layout        tiffLayout
	colors        [256][3]uint8
}

// Values of the tag Compression.
const (
	tiffRaw       = 1
	tiffFaxRLE    = 2
	tiffFax3      = 3
	tiffFax4      = 4
	tiffLZW       = 5
	tiffJPEG      = 7
	tiffDeflate   = 8
	tiffDeflate2  = 32946
	tiffPackBits  = 32773
	tiffLZMA      = 34925
	tiffZstandard = 50000
	tiffWebP      = 50001
)

// Values of the tag PhotometricInterpretation.
const (
	tiffWhiteIsZero = 0
	tiffBlackIsZero = 1
	tiffRGB         = 2
	tiffPalette     = 3
	tiffCMYK        = 5
	tiffYCbCr       = 6
	tiffLAB         = 8
)

func tiffSize(b []byte) (int, int, error) {
	p, err := openTIFF(b)
	if err != nil {
		return 0, 0, err
	}
	return p.width, p.height, nil
}

// openTIFF reads what decides the layout of the pixels.
func openTIFF(b []byte) (*tiffPage, error) {
	tags, bigEndian, err := readTIFFTags(b)
	if err != nil {
		return nil, err
	}
	p := &tiffPage{data: b, bigEndian: bigEndian, tags: tags}
	p.width, p.height = tags.number(256, 0), tags.number(257, 0)
	if p.width < 1 || p.height < 1 {
		return nil, fmt.Errorf("it has %d x %d pixels", p.width, p.height)
	}
	p.compression, p.photometric = tags.number(259, tiffRaw), tags.number(262, tiffWhiteIsZero)
	p.separate, p.reversed = tags.number(284, 1) == 2, tags.number(266, 1) == 2
	p.samples = tags.number(277, 1)
	bits, extra := tags.numbers(258, []int{1}), tags.numbers(338, nil)
	if p.separate && len(extra) > 0 && slices.Max(extra) == 0 { // unspecified planes at the end
		bits, p.samples, extra = bits[:max(0, len(bits)-len(extra))], p.samples-len(extra), nil
	}
	if p.samples < 1 || p.samples > 6 || len(bits) < p.samples && len(bits) != 1 {
		return nil, fmt.Errorf("%d samples per pixel with %v bits are not supported", p.samples, bits)
	}
	p.bits, p.divisor = bits[0], 1+len(extra)
	switch p.photometric {
	case tiffRGB, tiffYCbCr, tiffLAB:
		p.divisor = 3 + len(extra)
	case tiffCMYK:
		p.divisor = 4 + len(extra)
	}
	for _, other := range bits[:min(len(bits), p.samples)] {
		if other != p.bits {
			return nil, fmt.Errorf("samples of different widths (%v bits) are not supported", bits)
		}
	}
	var ok bool
	if p.layout, ok = p.findLayout(extra); !ok {
		return nil, fmt.Errorf("photometric interpretation %d with %d samples of %d bits (format %v, extra samples %v) is not supported",
			p.photometric, p.samples, p.bits, tags.numbers(339, nil), extra)
	}
	if p.photometric == tiffYCbCr && p.compression != tiffRaw && p.samples == 3 {
		p.layout.mode = modeRGB // the codec makes it
	}
	if p.layout.mode == modePalette || p.layout.mode == modePaletteAlpha {
		return p, p.readPalette()
	}
	return p, nil
}

// readPalette reads all red, then all green, then all blue values, of 16 bits each.
func (p *tiffPage) readPalette() error {
	entries := p.tags.numbers(320, nil)
	n := len(entries) / 3
	if n == 0 || n > 256 {
		return fmt.Errorf("its palette has %d colours", n)
	}
	for i := range n {
		p.colors[i] = [3]uint8{uint8(entries[i] / 256), uint8(entries[n+i] / 256), uint8(entries[2*n+i] / 256)}
	}
	return nil
}

// decodeTIFF decodes the first page and turns it upright: unlike for JPEG, PIL
// applies the orientation of a TIFF.
func decodeTIFF(b []byte) (*Image, error) {
	p, err := openTIFF(b)
	if err != nil {
		return nil, err
	}
	m := &tiffCanvas{tiffPage: p, pix: make([]uint8, 4*p.width*p.height)}
	switch {
	case p.compression == tiffRaw:
		err = m.decodeRaw()
	case p.photometric == tiffYCbCr && !(p.compression == tiffJPEG && !p.separate):
		err = m.decodeYCbCr()
	default:
		err = m.decodeBlocks()
	}
	if err != nil {
		return nil, err
	}
	return orient(m.image(), p.tags.number(tagOrientation, 0)), nil
}

// tiffCanvas has four bytes per pixel: samples of a mode, of which some become RGB
// only when all are there.
type tiffCanvas struct {
	*tiffPage
	pix    []uint8
	damage string
}

func (m *tiffCanvas) at(x, y int) []uint8 { return m.pix[4*(y*m.width+x):] }

// image converts the samples to RGB.
func (m *tiffCanvas) image() *Image {
	out := NewImage(m.width, m.height)
	out.Damage = m.damage
	convert := m.layout.mode.convert(&m.colors)
	for i := range m.width * m.height {
		convert(out.Pix[3*i:3*i+3:3*i+3], m.pix[4*i:4*i+4:4*i+4])
	}
	return out
}

// errTIFFCut says that a strip or tile is not whole.
var errTIFFCut = errors.New("its pixels end too early; it is cut off")

// orient turns an image whose row 0 and column 0 lie where the value says
// (TIFF 6.0, Orientation): 2 to 4 mirror and turn by 180 degrees, 5 to 8 also
// exchange the axes.
func orient(m *Image, orientation int) *Image {
	if orientation < 2 || orientation > 8 {
		return m
	}
	swap := orientation >= 5
	mirrorX := orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8
	mirrorY := orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7
	w, h := m.Width, m.Height
	if swap {
		w, h = h, w
	}
	out := NewImage(w, h)
	out.Damage = m.Damage
	for y := range h {
		for x := range w {
			sx, sy := x, y
			if swap {
				sx, sy = y, x
			}
			if mirrorX {
				sx = m.Width - 1 - sx
			}
			if mirrorY {
				sy = m.Height - 1 - sy
			}
			copy(out.row(y)[3*x:3*x+3], m.row(sy)[3*sx:])
		}
	}
	return out
}
