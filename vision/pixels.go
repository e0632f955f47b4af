package vision

import (
	"fmt"
	"image"
	"image/color"
)

// toRGB converts what the lossless decoders return by PIL's rules: alpha is
// dropped and never multiplied in, 16-bit colour keeps its high byte, 16-bit
// gray is clipped at 255.
func toRGB(m image.Image) (*Image, error) {
	b := m.Bounds()
	out := NewImage(b.Dx(), b.Dy())
	switch m := m.(type) {
	case *image.Gray:
		spread(out, m.Pix, m.Stride, 1, 0, 0, 0)
	case *image.Gray16:
		for y := range out.Height {
			dst := out.row(y)
			for x := range out.Width {
				v := uint8(255)
				if p := m.Pix[y*m.Stride+2*x:]; p[0] == 0 {
					v = p[1]
				}
				dst[3*x], dst[3*x+1], dst[3*x+2] = v, v, v
			}
		}
	case *image.RGBA:
		spread(out, m.Pix, m.Stride, 4, 0, 1, 2)
		unmultiply(out, m)
	case *image.NRGBA:
		spread(out, m.Pix, m.Stride, 4, 0, 1, 2)
	case *image.RGBA64:
		if !m.Opaque() {
			return nil, fmt.Errorf("16 bits per channel with premultiplied alpha are not supported; save it without alpha")
		}
		spread(out, m.Pix, m.Stride, 8, 0, 2, 4)
	case *image.NRGBA64:
		spread(out, m.Pix, m.Stride, 8, 0, 2, 4)
	case *image.Paletted:
		var colors [256][3]uint8
		for i, c := range m.Palette {
			if i < len(colors) {
				colors[i] = straight(c)
			}
		}
		lookUp(out, m, &colors)
	default:
		return nil, fmt.Errorf("unexpected pixel layout %T", m)
	}
	return out, nil
}

// spread copies bytes r, g and b of each pixel of size bytes.
func spread(out *Image, pix []uint8, stride, size, r, g, b int) {
	for y := range out.Height {
		dst, src := out.row(y), pix[y*stride:]
		for x := range out.Width {
			p := src[x*size : x*size+size]
			dst[3*x], dst[3*x+1], dst[3*x+2] = p[r], p[g], p[b]
		}
	}
}

// unmultiply divides the colours by alpha where a file (a TIFF with associated
// alpha) stores their product.
func unmultiply(out *Image, m *image.RGBA) {
	for y := range out.Height {
		dst, src := out.row(y), m.Pix[y*m.Stride:]
		for x := range out.Width {
			a := int(src[4*x+3])
			if a == 0 || a == 255 {
				continue
			}
			for c := range 3 {
				dst[3*x+c] = uint8(min(255*int(dst[3*x+c])/a, 255))
			}
		}
	}
}

// straight returns the colour of a palette entry without its alpha.
func straight(c color.Color) [3]uint8 {
	switch c := c.(type) {
	case color.RGBA:
		return [3]uint8{c.R, c.G, c.B}
	case color.NRGBA:
		return [3]uint8{c.R, c.G, c.B}
	default:
		n := color.NRGBA64Model.Convert(c).(color.NRGBA64)
		return [3]uint8{uint8(n.R >> 8), uint8(n.G >> 8), uint8(n.B >> 8)}
	}
}

func lookUp(out *Image, m *image.Paletted, colors *[256][3]uint8) {
	for y := range out.Height {
		dst, src := out.row(y), m.Pix[y*m.Stride:]
		for x := range out.Width {
			copy(dst[3*x:3*x+3], colors[src[x]][:])
		}
	}
}
