package vision

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/image/tiff"
)

// The TIFF tags that are read here, and the values that matter.
const (
	tagCompression = 259
	tagPhotometric = 262
	tagOrientation = 274

	compressionFax3 = 3
	compressionFax4 = 4
	blackIsZero     = 1
)

// decodeTIFF decodes the first page and turns it upright: unlike for JPEG, PIL
// applies the orientation of a TIFF.
func decodeTIFF(b []byte) (*Image, error) {
	decoded, err := tiff.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	m, err := toRGB(decoded)
	if err != nil {
		return nil, err
	}
	tags := tiffTags(b)
	// A white run of a fax is made of zeros, whatever zero stands for in the
	// file; the decoder always makes it white.
	c := tags[tagCompression]
	if (c == compressionFax3 || c == compressionFax4) && tags[tagPhotometric] == blackIsZero {
		for i := range m.Pix {
			m.Pix[i] ^= 255
		}
	}
	return orient(m, tags[tagOrientation]), nil
}

// tiffTags returns the tags of the first directory that hold one short number.
func tiffTags(b []byte) map[int]int {
	tags := map[int]int{}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	if len(b) < 8 {
		return tags
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return tags
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			break
		}
		const short = 3
		if order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1 {
			tags[int(order.Uint16(entries))] = int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return tags
}

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
