package vision

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The compressions of a BMP that PIL reads.
const (
	bmpRaw       = 0
	bmpRLE8      = 1
	bmpRLE4      = 2
	bmpBitfields = 3
)

// A bmp is the head of a Windows or OS/2 bitmap.
type bmp struct {
	width, height int
	topDown       bool
	bits          int
	compression   uint32
	masks         [4]uint32 // red, green, blue, alpha; of bit fields
	colors        uint32    // entries of the palette
	entry         int       // bytes of each
	behind        int       // where the header ends, and the palette begins
	offset        int       // where the pixels begin
}

func bmpSize(b []byte) (int, int, error) {
	h, err := scanBMP(b)
	return h.width, h.height, err
}

func scanBMP(b []byte) (h bmp, err error) {
	le := binary.LittleEndian
	if len(b) < 18 {
		return h, errors.New("it is cut off in its header")
	}
	size, offset := le.Uint32(b[14:]), le.Uint32(b[10:])
	if !slices.Contains([]uint32{12, 40, 52, 56, 64, 108, 124}, size) {
		return h, fmt.Errorf("a header of %d bytes is unknown", size)
	}
	h.behind = 14 + int(size)
	if len(b) < h.behind {
		return h, errors.New("it is cut off in its header")
	}
	if p := b[18:]; size == 12 {
		h.width, h.height, h.bits, h.entry = int(le.Uint16(p)), int(le.Uint16(p[2:])), int(le.Uint16(p[6:])), 3
	} else {
		height := le.Uint32(p[4:])
		if h.topDown = p[7] == 0xff; h.topDown {
			height = -height
		}
		w := le.Uint32(p)
		if w > 1<<30 || height > 1<<30 {
			return h, fmt.Errorf("%w: %d x %d pixels", ErrTooLarge, w, height)
		}
		h.width, h.height, h.bits, h.entry = int(w), int(height), int(le.Uint16(p[10:])), 4
		h.compression, h.colors = le.Uint32(p[12:]), le.Uint32(p[28:])
		if err := h.readMasks(b, int(size)); err != nil {
			return h, err
		}
	}
	if !slices.Contains([]int{1, 4, 8, 16, 24, 32}, h.bits) {
		return h, fmt.Errorf("%d bits per pixel are unknown", h.bits)
	}
	if h.colors == 0 && h.bits <= 8 {
		h.colors = 1 << h.bits
	}
	h.offset = int(min(offset, uint32(len(b))))
	if h.bits <= 8 {
		if h.colors > 256 {
			return h, fmt.Errorf("a palette of %d colours; 256 are possible", h.colors)
		}
		if int(offset) == 14+int(size) {
			h.offset += h.entry * int(h.colors)
		}
	}
	if offset == 0 {
		h.offset = h.behind
		if h.bits <= 8 {
			h.offset += h.entry * int(h.colors)
		}
	}
	h.offset = min(h.offset, len(b))
	return h, nil
}

// readMasks reads where the channels of bit fields lie: behind a header of 40
// bytes, or in a longer one.
func (h *bmp) readMasks(b []byte, size int) error {
	if h.compression != bmpBitfields {
		return nil
	}
	const at = 14 + 40
	n := 3
	switch {
	case size == 40:
		h.behind += 12
	case size >= 56:
		n = 4
	}
	if len(b) < at+4*n {
		return errors.New("it is cut off in its header")
	}
	for i := range n {
		h.masks[i] = binary.LittleEndian.Uint32(b[at+4*i:])
	}
	return nil
}

func decodeBMP(b []byte) (*Image, error) {
	h, err := scanBMP(b)
	if err != nil {
		return nil, err
	}
	stride := (h.width*h.bits + 31) / 32 * 4
	bits, unpack := h.bits, (func(dst []uint8, src []byte))(nil)
	if h.bits <= 8 {
		colors, gray := h.palette(b)
		// PIL takes the bits of a gray image from the palette alone.
		if gray && h.colors <= 2 {
			bits = 1
		} else if gray {
			bits = 8
		}
		unpack = func(dst []uint8, src []byte) {
			for x, v := range unpackBits(src, h.width, bits, func(v uint8) uint8 { return v }) {
				copy(dst[3*x:], colors[v][:])
			}
		}
		if h.compression == bmpRLE4 || h.compression == bmpRLE8 {
			if gray && h.colors <= 2 {
				return nil, errors.New("run lengths of black and white are not supported (PIL refuses them)")
			}
			stride, bits = h.width, 8
			if b, err = h.runs(b); err != nil {
				return nil, err
			}
			h.offset = 0
		}
	} else if unpack, err = h.direct(); err != nil {
		return nil, err
	}
	used := (h.width*bits + 7) / 8
	if used > stride {
		return nil, errors.New("its palette does not fit its bits per pixel")
	}
	pixels := b[h.offset:]
	if need := stride*(h.height-1) + used; len(pixels) < need {
		return nil, fmt.Errorf("%d bytes of pixels are needed, the file has %d; it is cut off", need, len(pixels))
	}
	m := NewImage(h.width, h.height)
	for y := range h.height {
		at := h.height - 1 - y
		if h.topDown {
			at = y
		}
		unpack(m.row(at), pixels[y*stride:y*stride+used])
	}
	return m, nil
}

// palette returns the colours, and whether they are what PIL takes for a gray
// scale: 0, 1, 2 ..., or black and white.
func (h bmp) palette(b []byte) (colors [256][3]uint8, gray bool) {
	gray = true
	entries := b[min(h.behind, len(b)):]
	for i := range int(h.colors) {
		want := uint8(i)
		if h.colors == 2 && i == 1 {
			want = 255
		}
		if len(entries) < 3 {
			gray = false
			break
		}
		colors[i] = [3]uint8{entries[2], entries[1], entries[0]}
		gray = gray && colors[i] == [3]uint8{want, want, want}
		entries = entries[min(h.entry, len(entries)):]
	}
	if gray && h.colors > 2 { // then also what lies beyond the palette
		for i := range colors {
			colors[i] = [3]uint8{uint8(i), uint8(i), uint8(i)}
		}
	}
	return colors, gray
}

// direct returns what unpacks pixels without a palette.
func (h bmp) direct() (func(dst []uint8, src []byte), error) {
	layout, err := h.layout()
	if err != nil {
		return nil, err
	}
	if h.bits > 16 {
		size := h.bits / 8
		return func(dst []uint8, src []byte) {
			for x := range len(dst) / 3 {
				for c := range 3 {
					dst[3*x+c] = src[x*size+layout[c]]
				}
			}
		}, nil
	}
	green := layout[0] // bits of the green channel
	return func(dst []uint8, src []byte) {
		for x := range len(dst) / 3 {
			v := int(binary.LittleEndian.Uint16(src[2*x:]))
			most := 1<<green - 1
			dst[3*x] = uint8(v >> (5 + green) & 31 * 255 / 31)
			dst[3*x+1] = uint8(v >> 5 & most * 255 / most)
			dst[3*x+2] = uint8(v & 31 * 255 / 31)
		}
	}, nil
}

// layout says in which byte of a pixel red, green and blue are; of 16 bits, how
// many green has.
func (h bmp) layout() ([3]int, error) {
	none := [3]int{}
	switch h.compression {
	case bmpRaw:
		if h.bits == 16 {
			return [3]int{5}, nil
		}
		return [3]int{2, 1, 0}, nil
	case bmpBitfields:
	default:
		return none, fmt.Errorf("compression %d of %d bits per pixel is not supported", h.compression, h.bits)
	}
	m := h.masks
	if h.bits != 32 {
		m[3] = 0
	}
	type key struct {
		bits int
		mask [4]uint32
	}
	known := map[key][3]int{
		{32, [4]uint32{0xff0000, 0xff00, 0xff, 0}}:          {2, 1, 0},
		{32, [4]uint32{0xff000000, 0xff0000, 0xff00, 0}}:    {3, 2, 1},
		{32, [4]uint32{0xff000000, 0xff00, 0xff, 0}}:        {3, 1, 0},
		{32, [4]uint32{0xff000000, 0xff0000, 0xff00, 0xff}}: {3, 2, 1},
		{32, [4]uint32{0xff, 0xff00, 0xff0000, 0xff000000}}: {0, 1, 2},
		{32, [4]uint32{0xff0000, 0xff00, 0xff, 0xff000000}}: {2, 1, 0},
		{32, [4]uint32{0xff000000, 0xff00, 0xff, 0xff0000}}: {3, 1, 0},
		{32, [4]uint32{}}:                          {2, 1, 0},
		{24, [4]uint32{0xff0000, 0xff00, 0xff, 0}}: {2, 1, 0},
		{16, [4]uint32{0xf800, 0x7e0, 0x1f, 0}}:    {6},
		{16, [4]uint32{0x7c00, 0x3e0, 0x1f, 0}}:    {5},
	}
	layout, ok := known[key{h.bits, m}]
	if !ok {
		return none, fmt.Errorf("bit fields %x of %d bits per pixel are not supported", m, h.bits)
	}
	return layout, nil
}

// runs unpacks run lengths to one byte per pixel, rows as they are in the file.
// What a file skips has index 0.
func (h bmp) runs(file []byte) ([]byte, error) {
	total := h.width * h.height
	// Two bytes make at most 255 pixels, four skip at most 255 rows: a file can be
	// short and right, yet nothing is unpacked of one that holds nothing.
	if h.offset+2 > len(file) {
		return nil, errors.New("it has no pixels; it is cut off")
	}
	data := make([]byte, 0, total)
	at, x := h.offset, 0 // in the file and in the row
	add := func(n int, value func(i int) byte) {
		for i := range min(n, total-len(data)) {
			data = append(data, value(i))
		}
	}
	zero := func(int) byte { return 0 }
	for len(data) < total && at+2 <= len(file) {
		n, v := int(file[at]), file[at+1]
		at += 2
		switch {
		case n > 0: // a run
			n = max(0, min(n, h.width-x))
			add(n, func(i int) byte { return h.nibble(v, i) })
			x += n
		case v == 0: // the end of a line
			add((h.width-len(data)%h.width)%h.width, zero)
			x = 0
		case v == 1: // the end
			at = len(file)
		case v == 2: // a step
			if at+2 > len(file) {
				return nil, errors.New("it is cut off")
			}
			add(int(file[at])+int(file[at+1])*h.width, zero)
			at += 2
			x = len(data) % h.width
		default: // pixels as they are
			n = min(total-len(data), int(v))
			size := n
			if h.compression == bmpRLE4 {
				size = (n + 1) / 2
			}
			if at+size > len(file) {
				return nil, errors.New("it is cut off")
			}
			pixels := file[at:]
			add(n, func(i int) byte {
				if h.compression == bmpRLE4 {
					return h.nibble(pixels[i/2], i)
				}
				return pixels[i]
			})
			x += int(v)
			at += size
			at += at % 2
		}
	}
	if len(data) < total {
		return nil, fmt.Errorf("%d of %d pixels are there; it is cut off", len(data), total)
	}
	return data, nil
}

// nibble is pixel i of a byte that is repeated, or of which there are two in it.
func (h bmp) nibble(v byte, i int) byte {
	if h.compression == bmpRLE8 {
		return v
	}
	if i%2 == 0 {
		return v >> 4
	}
	return v & 15
}
