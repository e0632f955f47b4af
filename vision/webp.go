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
	if err := checkWebP(b); err != nil {
		return 0, 0, err
	}
	if isAnimated(b) {
		return 1 + uint24(b[24:]), 1 + uint24(b[27:]), nil
	}
	c, err := webp.DecodeConfig(bytes.NewReader(b))
	return c.Width, c.Height, err
}

// decodeWebP decodes a still image, or the first frame of an animation onto a
// canvas that is black where the frame does not cover it.
func decodeWebP(b []byte) (*Image, error) {
	if !isAnimated(b) {
		return decodeWebPStill(b)
	}
	canvas := NewImage(1+uint24(b[24:]), 1+uint24(b[27:]))
	left, top, still, err := firstFrame(b)
	if err != nil {
		return nil, err
	}
	c, err := webp.DecodeConfig(bytes.NewReader(still))
	if err != nil {
		return nil, err
	}
	if left+c.Width > canvas.Width || top+c.Height > canvas.Height {
		return nil, errors.New("its first frame exceeds the canvas")
	}
	m, err := decodeWebPStill(still)
	if err != nil {
		return nil, err
	}
	for y := range m.Height {
		copy(canvas.row(top + y)[3*left:], m.row(y))
	}
	return canvas, nil
}

func decodeWebPStill(b []byte) (*Image, error) {
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

func checkWebP(b []byte) error {
	if n := uint64(binary.LittleEndian.Uint32(b[4:8])); n+8 > uint64(len(b)) {
		return fmt.Errorf("%d bytes are announced, the file has %d; it is cut off", n+8, len(b))
	}
	return nil
}

// isAnimated reads the flags of the extended header, which is the first chunk.
func isAnimated(b []byte) bool {
	return len(b) >= 30 && string(b[12:16]) == "VP8X" && b[20]&2 != 0
}

// firstFrame returns where the first frame of an animation lies and the chunks
// of its image, packed as a still WebP.
func firstFrame(b []byte) (left, top int, still []byte, err error) {
	const chunkHead, frameHead = 8, 16
	for b = b[12:]; len(b) >= chunkHead; {
		size := uint64(binary.LittleEndian.Uint32(b[4:]))
		if size > uint64(len(b)-chunkHead) {
			break
		}
		payload := b[chunkHead : chunkHead+size]
		if string(b[:4]) != "ANMF" {
			b = b[min(chunkHead+size+size%2, uint64(len(b))):]
			continue
		}
		if size < frameHead+chunkHead {
			break
		}
		left, top = 2*uint24(payload), 2*uint24(payload[3:])
		header := []byte("RIFF\x00\x00\x00\x00WEBP")
		if string(payload[frameHead:frameHead+4]) == "ALPH" { // it needs an extended header with the alpha flag
			header = append(header, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
			header = append(header, payload[6:12]...)
		}
		still = append(header, payload[frameHead:]...)
		binary.LittleEndian.PutUint32(still[4:], uint32(len(still)-8))
		return left, top, still, nil
	}
	return 0, 0, nil, errors.New("it is cut off before its first frame")
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

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
