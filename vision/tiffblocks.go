package vision

import (
	"errors"
	"fmt"
)

// block is a strip or a tile.
type block struct {
	x, y, width, height int // within the image; a tile may be larger
	rows, columns       int // that it holds
	plane               int
	data                []byte // compressed
}

// blocks lists the strips or tiles of the page.
func (m *tiffCanvas) blocks() ([]block, error) {
	offsetTag, lengthTag := 273, 279
	columns, rows := m.width, min(m.height, m.tags.number(278, m.height))
	tiled := m.tags.number(322, 0) > 0
	if tiled {
		offsetTag, lengthTag = 324, 325
		columns, rows = m.tags.number(322, 0), m.tags.number(323, 0)
	}
	offsets, lengths := m.tags.numbers(offsetTag, nil), m.tags.numbers(lengthTag, nil)
	if rows < 1 {
		return nil, errors.New("strips of no rows")
	}
	if columns > 1<<20 || rows > 1<<20 || columns*rows > 4*max(m.width*m.height, 1<<20) {
		return nil, fmt.Errorf("tiles of %d x %d pixels are too large", columns, rows)
	}
	across, down := ceilDiv(m.width, columns), ceilDiv(m.height, rows)
	planes := 1
	if m.separate && m.layout.bands > 1 {
		planes = m.layout.bands
	}
	if len(offsets) < across*down*planes {
		return nil, errTIFFCut
	}
	var out []block
	for i, offset := range offsets[:across*down*planes] {
		at := i % (across * down)
		b := block{x: at % across * columns, y: at / across * rows, rows: rows, columns: columns, plane: i / (across * down)}
		b.width, b.height = min(columns, m.width-b.x), min(rows, m.height-b.y)
		if !tiled {
			b.rows = b.height
		}
		length := len(m.data) - offset
		if i < len(lengths) {
			length = lengths[i]
		}
		if offset > len(m.data) || length < 0 || length > len(m.data)-offset {
			return nil, errTIFFCut
		}
		b.data = m.data[offset : offset+length]
		out = append(out, b)
	}
	return out, nil
}

// decodeBlocks reads a compressed page.
func (m *tiffCanvas) decodeBlocks() error {
	blocks, err := m.blocks()
	if err != nil {
		return err
	}
	planes := m.separate && m.layout.bands > 1
	pixel := m.bits * m.samplesStored()
	unpack := m.layout.unpack
	if planes {
		if m.bits != 8 && m.bits != 16 {
			return fmt.Errorf("planes of their own with %d bits are not supported", m.bits)
		}
		pixel = m.bits
	} else if pixel != m.layout.bits {
		return errors.New("its pixels are larger than its samples")
	}
	for _, b := range blocks {
		stride := (b.columns*pixel + 7) / 8
		data, err := m.unpackBlock(b, stride, stride*b.rows)
		if err != nil {
			return err
		}
		if planes {
			unpack = bandUnpacker(b.plane, m.bits/8)
		}
		for y := range b.height {
			unpack(m.at(b.x, b.y+y), data[y*stride:], b.width)
		}
	}
	if planes && m.layout.mode == modeRGB && m.layout.bands == 4 { // an alpha that nothing is said of
		if extra := m.tags.numbers(338, nil); len(extra) == 0 || extra[0] == 0 {
			m.layout.mode = modePremultiplied
		}
	}
	return nil
}

// samplesStored is the number of samples of a pixel in a block.
func (m *tiffCanvas) samplesStored() int {
	if m.separate {
		return 1
	}
	return m.samples
}

// bandUnpacker copies the upper byte of each sample to its band.
func bandUnpacker(band, size int) func(dst, src []uint8, n int) {
	return func(dst, src []uint8, n int) {
		for i := range n {
			dst[4*i+band] = src[size*(i+1)-1]
		}
	}
}
