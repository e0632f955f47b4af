package vision

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
)

// gifHead is what PIL takes from a GIF and image/gif does not return: the
// colour of transparent pixels.
type gifHead struct {
	width, height int
	palette       []byte // RGB triples of the first frame
	transparent   int    // index, -1 without one
}

func gifSize(b []byte) (int, int, error) {
	if len(b) < 13 {
		return 0, 0, errors.New("it is cut off")
	}
	return int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:])), nil
}

// decodeGIF decodes the first frame onto the canvas. What the frame leaves
// uncovered has the transparent colour, or else the first of the palette.
func decodeGIF(b []byte) (*Image, error) {
	head, err := scanGIF(b)
	if err != nil {
		return nil, err
	}
	decoded, err := gif.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	frame, ok := decoded.(*image.Paletted)
	if !ok {
		return nil, errors.New("the first frame has no palette")
	}
	canvas := image.NewPaletted(image.Rect(0, 0, head.width, head.height), nil)
	if head.transparent >= 0 {
		for i := range canvas.Pix {
			canvas.Pix[i] = uint8(head.transparent)
		}
	}
	r := frame.Rect.Intersect(canvas.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(canvas.Pix[canvas.PixOffset(r.Min.X, y):canvas.PixOffset(r.Max.X-1, y)+1], frame.Pix[frame.PixOffset(r.Min.X, y):])
	}
	var colors [256][3]uint8
	for i := range len(head.palette) / 3 {
		copy(colors[i][:], head.palette[3*i:])
	}
	out := NewImage(head.width, head.height)
	lookUp(out, canvas, &colors)
	return out, nil
}

// scanGIF walks the blocks up to the first frame.
func scanGIF(b []byte) (gifHead, error) {
	cut := errors.New("it is cut off before its first frame")
	w, h, err := gifSize(b)
	if err != nil {
		return gifHead{}, err
	}
	head := gifHead{width: w, height: h, transparent: -1}
	flags := b[10]
	b = b[13:]
	if flags&0x80 != 0 {
		n := 3 << (flags&7 + 1)
		if len(b) < n {
			return head, cut
		}
		head.palette, b = b[:n], b[n:]
	}
	for len(b) > 0 {
		switch b[0] {
		case 0x2c: // a frame
			if len(b) < 10 {
				return head, cut
			}
			if flags := b[9]; flags&0x80 != 0 {
				n := 3 << (flags&7 + 1)
				if len(b) < 10+n {
					return head, cut
				}
				head.palette = b[10 : 10+n]
			}
			if head.palette == nil {
				return head, errors.New("it has no palette")
			}
			return head, nil
		case 0x21: // an extension
			if len(b) >= 8 && b[1] == 0xf9 && b[2] == 4 {
				head.transparent = -1
				if b[3]&1 != 0 {
					head.transparent = int(b[6])
				}
			}
			if len(b) < 2 {
				return head, cut
			}
			b = b[2:]
			for len(b) > 0 && b[0] != 0 {
				if len(b) < 1+int(b[0]) {
					return head, cut
				}
				b = b[1+int(b[0]):]
			}
			if len(b) == 0 {
				return head, cut
			}
			b = b[1:]
		default:
			return head, errors.New("it has no frame")
		}
	}
	return head, cut
}
