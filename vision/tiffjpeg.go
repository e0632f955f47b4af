package vision

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
)

// jpegBlock decodes a strip or tile that is a JPEG, mostly one without tables. The
// page says what the samples are, not the markers: luma and chroma become RGB.
func (m *tiffCanvas) jpegBlock(b block, data []byte) ([]byte, error) {
	f := &jpegFile{}
	defer f.release()
	if tables := m.tags.entries[347].raw; len(tables) > 2 {
		if err := f.parse(tables, true); err != nil {
			return nil, fmt.Errorf("its JPEG tables: %w", err)
		}
	}
	if len(data) < 4 || data[0] != 0xff || data[1] != 0xd8 {
		return nil, errors.New("a strip is no JPEG")
	}
	w, h, err := jpegSize(data)
	if err != nil {
		return nil, err
	}
	if w != b.columns || h < b.rows {
		return nil, fmt.Errorf("a JPEG of %d x %d pixels stands for %d x %d", w, h, b.columns, b.rows)
	}
	// libtiff ends a strip that has no end.
	if err := f.parse(append(bytes.Clone(data), 0xff, 0xd9), true); err != nil {
		return nil, err
	}
	if err := f.finished(); err != nil {
		return nil, err
	}
	m.damage = cmp.Or(m.damage, f.damage)
	n := len(f.components)
	if n != m.samplesStored() || m.bits != 8 {
		return nil, fmt.Errorf("a JPEG of %d components stands for %d samples of %d bits", n, m.samplesStored(), m.bits)
	}
	ycc := m.photometric == tiffYCbCr && n == 3
	out := make([]byte, w*b.rows*n)
	for y, rows := range f.rows {
		if y == b.rows {
			break
		}
		dst := out[y*w*n : (y+1)*w*n]
		if ycc {
			yccRow(dst, rows)
			continue
		}
		for c, row := range rows {
			for x, v := range row {
				dst[x*n+c] = v
			}
		}
	}
	return out, nil
}
