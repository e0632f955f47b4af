package vision

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// decodeJPEG decodes to the planes of the file and converts them to RGB with
// the upsampling and the integer arithmetic of libjpeg, which PIL uses.
func decodeJPEG(b []byte) (*Image, error) {
	head, err := scanJPEG(b)
	if err != nil {
		return nil, err
	}
	if head.components == 4 {
		return decodeFourComponents(b, head)
	}
	m, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if m, ok := m.(*image.YCbCr); ok {
		return fromYCbCr(m), nil
	}
	return toRGB(m)
}

// ratios of luma to chroma samples along x and y.
var ratios = map[image.YCbCrSubsampleRatio][2]int{
	image.YCbCrSubsampleRatio444: {1, 1},
	image.YCbCrSubsampleRatio422: {2, 1},
	image.YCbCrSubsampleRatio420: {2, 2},
	image.YCbCrSubsampleRatio440: {1, 2},
	image.YCbCrSubsampleRatio411: {4, 1},
	image.YCbCrSubsampleRatio410: {4, 2},
}

func fromYCbCr(m *image.YCbCr) *Image {
	ratio := ratios[m.SubsampleRatio]
	out := NewImage(m.Rect.Dx(), m.Rect.Dy())
	w := (out.Width + ratio[0] - 1) / ratio[0]
	h := (out.Height + ratio[1] - 1) / ratio[1]
	planes := [2]plane{{m.Cb, m.CStride, w, h}, {m.Cr, m.CStride, w, h}}
	var rows [2][]uint8
	for y := range out.Height {
		for i, p := range planes {
			if rows[i] == nil {
				rows[i] = make([]uint8, out.Width)
			}
			chromaUpsampler(p, ratio[0], ratio[1])(rows[i], p, y)
		}
		dst, luma := out.row(y), m.Y[y*m.YStride:]
		for x := range out.Width {
			dst[3*x], dst[3*x+1], dst[3*x+2] = ycc(luma[x], rows[0][x], rows[1][x])
		}
	}
	return out
}

// ycc converts a pixel by the JFIF equations in 16-bit fixed point, each
// product rounded on its own save the two of green, as libjpeg does.
func ycc(y, cb, cr uint8) (r, g, b uint8) {
	const one = 1 << 16
	const rounding = one / 2
	// 1.402, 1.772, 0.71414 and 0.34414 in units of 1/one, rounded.
	const rv, bu, gv, gu = 91881, 116130, 46802, 22554
	u, v, luma := int32(cb)-128, int32(cr)-128, int32(y)
	return clamp8(luma + (rv*v+rounding)>>16),
		clamp8(luma + (-gu*u-gv*v+rounding)>>16),
		clamp8(luma + (bu*u+rounding)>>16)
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// decodeFourComponents handles CMYK and YCCK. The standard decoder would
// convert YCCK with another upsampling, so it is made to believe in CMYK: then
// it returns the file's samples, inverted and replicated to full size.
func decodeFourComponents(b []byte, head jpegHead) (*Image, error) {
	if head.adobe > 0 {
		b = bytes.Clone(b)
		b[head.adobe] = 0
	} else {
		const marker = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
		b = append(append(append(make([]byte, 0, len(b)+len(marker)), b[:2]...), marker...), b[2:]...)
	}
	m, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	cmyk, ok := m.(*image.CMYK)
	if !ok {
		return nil, fmt.Errorf("four components were decoded to %T", m)
	}
	for i, v := range cmyk.Pix {
		cmyk.Pix[i] = 255 - v // as in the file
	}
	if head.transform == 2 {
		return fromYCCK(cmyk, head), nil
	}
	return fromCMYK(cmyk), nil
}

// fromCMYK converts the file's samples as PIL does: always understood as
// Adobe's inverted ink, with black on top of the colours.
func fromCMYK(m *image.CMYK) *Image {
	out := NewImage(m.Rect.Dx(), m.Rect.Dy())
	for y := range out.Height {
		dst, src := out.row(y), m.Pix[y*m.Stride:]
		for x := range out.Width {
			p := src[4*x : 4*x+4]
			paper := int32(p[3])
			for c := range 3 {
				dst[3*x+c] = clamp8(paper - mulDiv255(255-int32(p[c]), paper))
			}
		}
	}
	return out
}

// mulDiv255 is a*b/255, rounded.
func mulDiv255(a, b int32) int32 {
	t := a*b + 128
	return (t>>8 + t) >> 8
}

// fromYCCK takes the chroma samples back out of the replicated planes, enlarges
// them properly, and converts to the CMYK it stands for.
func fromYCCK(m *image.CMYK, head jpegHead) *Image {
	width, height := m.Rect.Dx(), m.Rect.Dy()
	rx, ry := head.ratioX, head.ratioY
	sub := image.Rect(0, 0, (width+rx-1)/rx, (height+ry-1)/ry)
	chroma := [2]plane{}
	for c := range chroma {
		p := plane{make([]uint8, sub.Dx()*sub.Dy()), sub.Dx(), sub.Dx(), sub.Dy()}
		for y := range p.height {
			for x := range p.width {
				p.pix[y*p.stride+x] = m.Pix[y*ry*m.Stride+4*x*rx+1+c]
			}
		}
		chroma[c] = p
	}
	rows := [2][]uint8{make([]uint8, width), make([]uint8, width)}
	for y := range height {
		for c, p := range chroma {
			chromaUpsampler(p, rx, ry)(rows[c], p, y)
		}
		src := m.Pix[y*m.Stride:]
		for x := range width {
			p := src[4*x : 4*x+4]
			r, g, b := ycc(p[0], rows[0][x], rows[1][x])
			p[0], p[1], p[2] = 255-r, 255-g, 255-b
		}
	}
	return fromCMYK(m)
}
