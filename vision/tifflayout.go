package vision

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// tiffMode says what the samples of a canvas are.
type tiffMode int

const (
	modeRGB tiffMode = iota // also gray, three times
	modeGray
	modeGrayAlpha
	modePalette
	modePaletteAlpha
	modeCMYK
	modeYCbCr
	modeLAB
	modePremultiplied // RGB times alpha
)

// tiffLayout says how a pixel lies in a strip.
type tiffLayout struct {
	mode   tiffMode
	bands  int // that PIL keeps
	bits   int // of a pixel
	unpack func(dst, src []uint8, n int)
}

// findLayout follows PIL's table of what it reads.
func (p *tiffPage) findLayout(extra []int) (tiffLayout, bool) {
	format := p.tags.numbers(339, []int{1})
	for _, f := range format {
		if f != format[0] {
			return tiffLayout{}, false
		}
	}
	none := len(extra) == 0
	if format[0] != 1 || p.photometric <= tiffBlackIsZero && p.samples == 1 {
		return p.grayLayout(format[0], none)
	}
	reversible := p.photometric == tiffRGB && p.samples == 3 && p.bits == 8 || p.photometric == tiffPalette && p.samples == 1
	if p.reversed && !(none && reversible) {
		return tiffLayout{}, false
	}
	flip := p.reversed && p.compression == tiffRaw // else the codec's input is turned
	base := map[int]int{tiffBlackIsZero: 1, tiffRGB: 3, tiffPalette: 1, tiffCMYK: 4, tiffYCbCr: 3, tiffLAB: 3}[p.photometric]
	unsaid := p.photometric == tiffRGB && none && p.samples == 4 // a fourth that is not said to be extra
	lumaAlone := p.photometric == tiffYCbCr && p.samples == 1
	if base == 0 || p.samples-len(extra) != base && !unsaid && !lumaAlone {
		return tiffLayout{}, false
	}
	padding := len(extra) == 0 || slices.Max(extra) == 0
	eight, size := p.bits == 8, p.samples*p.bits/8
	step := p.bits / 8
	high := 0 // where the upper byte of a sample is
	if p.bits == 16 && !(p.bigEndian && p.compression == tiffRaw) {
		high = 1
	}
	pick := func(mode tiffMode, bands, copied int) tiffLayout {
		return tiffLayout{mode, bands, 8 * size, func(dst, src []uint8, n int) {
			for i := range n {
				for c := range copied {
					v := src[i*size+c*step+high]
					if flip {
						v = bits.Reverse8(v)
					}
					dst[4*i+c] = v
				}
			}
		}}
	}
	switch p.photometric {
	case tiffBlackIsZero:
		if len(extra) == 1 && extra[0] == 0 {
			return pick(modeGray, 1, 1), eight
		}
		return pick(modeGrayAlpha, 2, 1), eight && len(extra) == 1 && extra[0] == 2
	case tiffPalette:
		if none {
			return p.paletteLayout(flip)
		}
		if extra[0] == 0 {
			return pick(modePalette, 1, 1), eight && len(extra) == 1
		}
		return pick(modePaletteAlpha, 2, 1), eight && len(extra) == 1 && extra[0] == 2
	case tiffCMYK:
		return pick(modeCMYK, 4, 4), padding && (eight && p.samples <= 6 || p.bits == 16 && none)
	case tiffYCbCr:
		if p.samples == 1 {
			return pick(modeGray, 1, 1), eight && none
		}
		return pick(modeYCbCr, 3, 3), eight && none
	case tiffLAB:
		l := pick(modeLAB, 3, 3)
		plain := l.unpack
		l.unpack = func(dst, src []uint8, n int) {
			plain(dst, src, n)
			for i := range n { // a and b are signed in the file
				dst[4*i+1] ^= 128
				dst[4*i+2] ^= 128
			}
		}
		return l, eight && none
	}
	if !(eight && p.samples <= 6 || p.bits == 16 && p.samples <= 4) {
		return tiffLayout{}, false
	}
	switch {
	case p.samples == 3:
		return pick(modeRGB, 3, 3), true
	case none, extra[0] == 2, extra[0] == 999 && eight && p.samples == 4:
		return pick(modeRGB, 4, 3), len(extra) < 2 || slices.Max(extra[1:]) == 0
	case extra[0] == 1:
		return pick(modePremultiplied, 4, 4), len(extra) < 2 || slices.Max(extra[1:]) == 0
	default:
		return pick(modeRGB, 3, 3), padding
	}
}

func (p *tiffPage) paletteLayout(flip bool) (tiffLayout, bool) {
	if !slices.Contains([]int{1, 2, 4, 8}, p.bits) {
		return tiffLayout{}, false
	}
	return tiffLayout{modePalette, 1, p.bits, p.smallSamples(flip, func(v uint8) uint8 { return v })}, true
}

// smallSamples unpacks samples of at most 8 bits.
func (p *tiffPage) smallSamples(flip bool, value func(uint8) uint8) func(dst, src []uint8, n int) {
	return func(dst, src []uint8, n int) {
		if flip {
			src = slices.Clone(src)
			for i := range src {
				src[i] = bits.Reverse8(src[i])
			}
		}
		for i, v := range unpackBits(src, n, p.bits, value) {
			dst[4*i] = v
		}
	}
}

// grayLayout is that of one channel: of unsigned (format 1), signed (2) or float (3)
// samples. PIL shows 0 to 255 of those that have more than 8 bits.
func (p *tiffPage) grayLayout(format int, noExtra bool) (tiffLayout, bool) {
	l := tiffLayout{mode: modeGray, bands: 1, bits: p.bits}
	black := p.photometric == tiffBlackIsZero
	if p.samples != 1 || !noExtra || !black && p.photometric != tiffWhiteIsZero {
		return l, false
	}
	raw := p.compression == tiffRaw
	flip := p.reversed && raw
	var order binary.ByteOrder = binary.LittleEndian
	// PIL swaps the bytes of what libtiff has swapped already, except for unsigned
	// samples of 16 bits.
	if p.bigEndian && (raw || p.bits == 32 || format == 2) {
		order = binary.BigEndian
	}
	each := func(size int, value func(b []byte) uint8) func(dst, src []uint8, n int) {
		return func(dst, src []uint8, n int) {
			for i := range n {
				dst[4*i] = value(src[size*i:])
			}
		}
	}
	ordered16 := (black || !p.bigEndian && !p.reversed) && !(p.bigEndian && p.reversed) // what PIL has a mode for
	switch {
	case p.bits == 8 && flip && !black:
		return l, false
	case p.bits <= 8 && format == 1 && p.bits&(p.bits-1) == 0 && p.bits > 0:
		top := uint8(1<<p.bits - 1)
		l.unpack = p.smallSamples(flip, func(v uint8) uint8 {
			if !black {
				v = top - v
			}
			return v * (255 / top)
		})
		return l, true
	case p.bits == 8 && format == 2 && black && !p.reversed:
		l.unpack = p.smallSamples(false, func(v uint8) uint8 { return v })
		return l, true
	case p.bits == 12 && format == 1 && black && !p.bigEndian && !p.reversed:
		l.unpack = func(dst, src []uint8, n int) {
			for i := range n {
				at := i / 2 * 3
				v := int(src[at])<<4 | int(src[at+1])>>4
				if i%2 == 1 {
					v = int(src[at+1]&15)<<8 | int(src[at+2])
				}
				dst[4*i] = clamp8(int32(v))
			}
		}
		return l, true
	case p.bits == 16 && format == 1 && ordered16:
		l.unpack = each(2, func(b []byte) uint8 {
			v := order.Uint16(b)
			if flip {
				v = uint16(bits.Reverse8(uint8(v>>8)))<<8 | uint16(bits.Reverse8(uint8(v)))
			}
			return uint8(min(v, 255))
		})
		return l, true
	case p.reversed || !black && format != 3:
		return l, false
	case p.bits == 16 && format == 2:
		l.unpack = each(2, func(b []byte) uint8 { return clamp8(int32(int16(order.Uint16(b)))) })
		return l, true
	case p.bits == 32 && (format == 2 || format == 1 && !p.bigEndian):
		l.unpack = each(4, func(b []byte) uint8 { return clamp8(int32(order.Uint32(b))) })
		return l, true
	case p.bits == 32 && format == 3:
		l.unpack = each(4, func(b []byte) uint8 { return clampFloat(math.Float32frombits(order.Uint32(b))) })
		return l, true
	}
	return l, false
}

// convert returns what makes RGB of four samples.
func (m tiffMode) convert(colors *[256][3]uint8) func(dst, p []uint8) {
	switch m {
	case modeGray, modeGrayAlpha:
		return func(dst, p []uint8) { dst[0], dst[1], dst[2] = p[0], p[0], p[0] }
	case modePalette, modePaletteAlpha:
		return func(dst, p []uint8) { copy(dst, colors[p[0]][:]) }
	case modeCMYK:
		return func(dst, p []uint8) {
			for c := range 3 {
				dst[c] = overprint(255-p[c], 255-p[3])
			}
		}
	case modeYCbCr:
		return func(dst, p []uint8) { dst[0], dst[1], dst[2] = coarseYCC(p[0], p[1], p[2]) }
	case modeLAB:
		return labToRGB
	case modePremultiplied:
		return func(dst, p []uint8) {
			for c := range 3 {
				dst[c] = straightened(p[c], p[3])
			}
		}
	default:
		return func(dst, p []uint8) { copy(dst, p[:3]) }
	}
}

// straightened divides a sample by its alpha; what is transparent is black.
func straightened(v, alpha uint8) uint8 {
	if alpha == 0 {
		return 0
	}
	return clamp8(255 * int32(v) / int32(alpha))
}

// coarseYCC is PIL's own conversion, with products rounded to a 64th; those below
// zero are rounded up.
func coarseYCC(y, cb, cr uint8) (r, g, b uint8) {
	part := func(v uint8, factor float64) int32 { return int32(float64(int32(v)-128)*factor*64 + 0.5) }
	luma := int32(y)
	return clamp8(luma + part(cr, 1.40200)>>6),
		clamp8(luma + (part(cb, -0.34414)+part(cr, -0.71414))>>6),
		clamp8(luma + part(cb, 1.77200)>>6)
}
