package vision

import (
	"encoding/binary"
	"errors"
	"math"
)

const tagOrientation = 274

// tiffTag is an entry of a directory; its values are read on demand.
type tiffTag struct {
	kind, count int
	raw         []byte
}

// tiffTags is the first directory of a file, or of a block of EXIF tags.
type tiffTags struct {
	order   binary.ByteOrder
	entries map[int]tiffTag
}

// tiffSizes are the bytes of the types of values, by their number in the file.
var tiffSizes = [...]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// readTIFFTags reads the first directory of a TIFF or BigTIFF. What lies outside
// the file is left out, as in a file that is cut off.
func readTIFFTags(b []byte) (tiffTags, bool, error) {
	t := tiffTags{order: binary.LittleEndian, entries: map[int]tiffTag{}}
	if len(b) < 8 {
		return t, false, errors.New("it is cut off in its header")
	}
	bigEndian := b[0] == 'M'
	if bigEndian {
		t.order = binary.BigEndian
	}
	const bigTIFF = 43
	wide := b[2] == bigTIFF || b[3] == bigTIFF
	at, counter, entry, inline := uint64(t.order.Uint32(b[4:])), uint64(2), 12, 4
	if wide {
		if len(b) < 16 {
			return t, false, errors.New("it is cut off in its header")
		}
		at, counter, entry, inline = t.order.Uint64(b[8:]), 8, 20, 8
	}
	if at > uint64(len(b)) || uint64(len(b))-at < counter {
		return t, false, errors.New("its directory lies outside the file; it is cut off")
	}
	offset := func(p []byte) uint64 {
		if wide {
			return t.order.Uint64(p)
		}
		return uint64(t.order.Uint32(p))
	}
	n := uint64(t.order.Uint16(b[at:]))
	if wide {
		n = t.order.Uint64(b[at:])
	}
	rest := b[at+counter:]
	for ; n > 0 && len(rest) >= entry; n-- {
		e := rest[:entry]
		rest = rest[entry:]
		id, kind, count := int(t.order.Uint16(e)), int(t.order.Uint16(e[2:])), offset(e[4:])
		if _, twice := t.entries[id]; twice || kind >= len(tiffSizes) || tiffSizes[kind] == 0 || count > uint64(len(b)) {
			continue
		}
		raw, size := e[4+inline:], count*uint64(tiffSizes[kind])
		if size > uint64(inline) {
			from := offset(raw)
			if from > uint64(len(b)) || uint64(len(b))-from < size {
				continue
			}
			raw = b[from:]
		}
		if size > 0 {
			t.entries[id] = tiffTag{kind, int(count), raw[:size]}
		}
	}
	return t, bigEndian, nil
}

// number returns the first value of a tag, or otherwise where there is none or no
// integer.
func (t tiffTags) number(tag, otherwise int) int {
	e, ok := t.entries[tag]
	if !ok {
		return otherwise
	}
	e.count = 1
	if v := t.values(e); len(v) == 1 {
		return v[0]
	}
	return otherwise
}

// numbers returns the values of a tag.
func (t tiffTags) numbers(tag int, otherwise []int) []int {
	if v := t.values(t.entries[tag]); len(v) > 0 {
		return v
	}
	return otherwise
}

func (t tiffTags) values(e tiffTag) []int {
	var out []int
	for i := range e.count {
		p := e.raw[i*tiffSizes[e.kind]:]
		switch e.kind {
		case 1:
			out = append(out, int(p[0]))
		case 3:
			out = append(out, int(t.order.Uint16(p)))
		case 4, 13:
			out = append(out, int(t.order.Uint32(p)))
		case 16, 18:
			out = append(out, int(min(t.order.Uint64(p), math.MaxInt)))
		}
	}
	return out
}

// rationals returns n fractions, or nil.
func (t tiffTags) rationals(tag, n int) []float32 {
	e := t.entries[tag]
	if e.count != n {
		return nil
	}
	var out []float32
	for i := range n {
		p := e.raw[i*tiffSizes[e.kind]:]
		switch e.kind {
		case 3:
			out = append(out, float32(t.order.Uint16(p)))
		case 4:
			out = append(out, float32(t.order.Uint32(p)))
		case 5:
			v := float64(0)
			if d := t.order.Uint32(p[4:]); d != 0 {
				v = float64(t.order.Uint32(p)) / float64(d)
			}
			out = append(out, float32(v))
		default:
			return nil
		}
	}
	return out
}
