package vision

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// rawTile is a rectangle of pixels that lies in the file as it is.
type rawTile struct {
	x, y, width, height int
	offset, stride      int // stride 0: rows follow each other
	plane               int
}

// decodeRaw reads a page without compression. Like PIL, it goes by where strips
// begin and not by how long they are; what no strip covers stays black.
func (m *tiffCanvas) decodeRaw() error {
	tiles, err := m.rawTiles()
	if err != nil {
		return err
	}
	for _, t := range tiles {
		bits, unpack := m.layout.bits, m.layout.unpack
		if m.separate {
			if bits, unpack, err = m.planeOfRaw(t.plane); err != nil {
				return err
			}
		}
		used := (t.width*bits + 7) / 8
		stride := cmp.Or(t.stride, used)
		if stride < used {
			return fmt.Errorf("rows of %d bytes are too short for %d pixels", stride, t.width)
		}
		if t.offset > len(m.data) || len(m.data)-t.offset < stride*(t.height-1)+used {
			return errTIFFCut
		}
		for y := range t.height {
			unpack(m.at(t.x, t.y+y), m.data[t.offset+y*stride:][:used], t.width)
		}
	}
	return nil
}

// rawTiles lists strips or tiles in the order of the file.
func (m *tiffCanvas) rawTiles() ([]rawTile, error) {
	offsets := m.tags.numbers(273, nil)
	w, h := m.width, m.tags.number(278, m.height)
	if offsets == nil {
		offsets = m.tags.numbers(324, nil)
		w, h = m.tags.number(322, 0), m.tags.number(323, 0)
	}
	if len(offsets) == 0 || w < 1 || h < 1 {
		return nil, errors.New("it has neither strips nor tiles")
	}
	if w == m.width && h == m.height && !m.separate {
		offsets = offsets[len(offsets)-1:]
	}
	w, h = min(w, 1<<30), min(h, 1<<30)
	var tiles []rawTile
	t := rawTile{}
	for _, t.offset = range offsets {
		t.stride = 0
		if t.x+w > m.width {
			t.stride = w * m.bits * m.samples / 8
			if m.separate {
				t.stride = w * m.bits * m.samples / (8 * m.divisor)
			}
		}
		t.width, t.height = min(w, m.width-t.x), min(h, m.height-t.y)
		tiles = append(tiles, t)
		if t.x += w; t.x >= m.width {
			t.x, t.y = 0, t.y+h
		}
		if t.y >= m.height {
			t.y = 0
			t.plane++
		}
	}
	slices.SortStableFunc(tiles, func(a, b rawTile) int { return cmp.Compare(a.offset, b.offset) })
	return tiles, nil
}

// planeOfRaw is how PIL reads a plane of its own without compression: as bytes, or
// bits, whatever the file says; not in every mode.
func (m *tiffCanvas) planeOfRaw(plane int) (int, func(dst, src []uint8, n int), error) {
	band := func(dst, src []uint8, n int) {
		for i := range n {
			dst[4*i+plane] = src[i]
		}
	}
	planes := 0
	switch m.layout.mode {
	case modeRGB, modeCMYK, modeLAB:
		planes = m.layout.bands
	case modePalette:
		planes = 1
	case modeGray:
		switch {
		case m.bits == 1 && plane == 0:
			inverted := *m.tiffPage
			inverted.photometric = tiffBlackIsZero
			return 1, inverted.smallSamples(false, func(v uint8) uint8 { return 255 * v }), nil
		case m.bits <= 8:
			planes = 1
		case m.bits == 32 && plane == 0 && !m.bigEndian:
			return 32, m.layout.unpack, nil
		}
	}
	if plane >= planes {
		return 0, nil, errors.New("planes of their own, without compression, are not supported in this mode (PIL refuses them); save it compressed")
	}
	return 8, band, nil
}
