package vision

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"golang.org/x/image/webp"
)

func webpSize(b []byte) (int, int, error) {
	b, err := webpStill(b)
	if err != nil {
		return 0, 0, err
	}
	c, err := webp.DecodeConfig(bytes.NewReader(b))
	return c.Width, c.Height, err
}

func decodeWebP(b []byte) (*Image, error) {
	b, err := webpStill(b)
	if err != nil {
		return nil, err
	}
	m, err := webp.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	switch m := m.(type) {
	case *image.YCbCr:
		return fromVideoYUV(m), nil
	case *image.NYCbCrA:
		return fromVideoYUV(&m.YCbCr), nil
	default:
		return toRGB(m)
	}
}

// webpStill refuses animations, which the decoder does not know, by name.
func webpStill(b []byte) ([]byte, error) {
	if len(b) >= 21 && string(b[12:16]) == "VP8X" && b[20]&2 != 0 {
		return nil, errors.New("it is animated; save one frame")
	}
	if len(b) >= 8 {
		if n := uint64(binary.LittleEndian.Uint32(b[4:8])); n+8 > uint64(len(b)) {
			return nil, fmt.Errorf("%d bytes are announced, the file has %d; it is cut off", n+8, len(b))
		}
	}
	return b, nil
}

// fromVideoYUV converts the 4:2:0 planes of a lossy WebP, whose values use the
// limited range of video, with the upsampling and arithmetic of libwebp.
func fromVideoYUV(m *image.YCbCr) *Image {
	out := NewImage(m.Rect.Dx(), m.Rect.Dy())
	w, h := (out.Width+1)/2, (out.Height+1)/2
	planes := [2]plane{{m.Cb, m.CStride, w, h}, {m.Cr, m.CStride, w, h}}
	rows := [2][]uint8{make([]uint8, out.Width), make([]uint8, out.Width)}
	for y := range out.Height {
		for i, p := range planes {
			diamond(rows[i], p, y)
		}
		dst, luma := out.row(y), m.Y[y*m.YStride:]
		for x := range out.Width {
			dst[3*x], dst[3*x+1], dst[3*x+2] = videoYUV(luma[x], rows[0][x], rows[1][x])
		}
	}
	return out
}

// diamond enlarges a chroma plane twofold: weights 9, 3, 3 and 1 sixteenth for
// the four nearest samples, summed in the two roundings of libwebp; at the left
// and right end only the column counts.
func diamond(dst []uint8, p plane, y int) {
	near, far := p.row(y/2), p.row(neighbour(y))
	for x := range dst {
		i := x / 2
		j := i - 1
		if x%2 == 1 {
			j = i + 1
		}
		a, c := int(near[i]), int(far[i])
		if j < 0 || j >= len(near) {
			dst[x] = uint8((3*a + c + 2) >> 2)
			continue
		}
		b, d := int(near[j]), int(far[j])
		dst[x] = uint8(((a+b+c+d+8+2*(b+c))>>3 + a) >> 1)
	}
}

// videoYUV applies ITU-R 601 for luma 16..235 in 14-bit fixed point.
func videoYUV(y, u, v uint8) (r, g, b uint8) {
	luma := int32(y) * 19077 >> 8
	return clamp6(luma + int32(v)*26149>>8 - 14234),
		clamp6(luma - int32(u)*6419>>8 - int32(v)*13320>>8 + 8708),
		clamp6(luma + int32(u)*33050>>8 - 17685)
}

func clamp6(v int32) uint8 { return clamp8(v >> 6) }
