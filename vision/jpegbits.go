package vision

import "errors"

var (
	errJPEGData = errors.New("the compressed data is damaged")
	errJPEGCut  = errors.New("the compressed data ends too early; it is cut off")
)

// huffmanTable decodes canonical codes of up to 16 bits.
type huffmanTable struct {
	fast   [256]uint16 // by the first 8 bits: length<<8 | value, 0 for longer codes
	limit  [17]int32   // one past the last code of each length
	offset [17]int32   // index of a code's value, less the code
	values []byte
}

func newHuffmanTable(counts, values []byte) (*huffmanTable, error) {
	t := &huffmanTable{values: values}
	code, index := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		t.offset[length] = index - code
		for range counts[length-1] {
			if length <= 8 {
				first := code << (8 - length)
				for i := range int32(1) << (8 - length) {
					if first+i > 255 {
						return nil, errors.New("bad Huffman table")
					}
					t.fast[first+i] = uint16(length)<<8 | uint16(values[index])
				}
			}
			code++
			index++
		}
		if code >= 1<<length && counts[length-1] > 0 { // no code is all ones
			return nil, errors.New("bad Huffman table")
		}
		t.limit[length] = code
		code <<= 1
	}
	return t, nil
}

// bitReader reads the entropy-coded bytes up to the next marker.
type bitReader struct {
	data []byte
	pos  int
	acc  uint64 // the next bits, the first of them at the top
	n    int    // how many of them there are
	fake int    // how many of those stand behind the end of the data
	cut  bool   // the data end without a marker
	bad  bool   // a code was none
}

// fill makes at least 57 bits available; behind the end they are zeros.
func (r *bitReader) fill() {
	for r.n <= 56 {
		var b byte
		switch {
		case r.pos >= len(r.data):
			r.cut = true
			r.fake += 8
		case r.data[r.pos] == 0xff:
			next := r.pos + 1
			for next < len(r.data) && r.data[next] == 0xff { // padding
				next++
			}
			if next < len(r.data) && r.data[next] == 0 {
				b = 0xff
				r.pos = next + 1
				break
			}
			r.cut = r.cut || next >= len(r.data)
			r.fake += 8
		default:
			b = r.data[r.pos]
			r.pos++
		}
		r.acc |= uint64(b) << (56 - r.n)
		r.n += 8
	}
}

// short reports whether bits behind the end of the data have been used.
func (r *bitReader) short() bool { return r.n < r.fake }

// bits returns the next n bits, n at most 16.
func (r *bitReader) bits(n int) int32 {
	if r.n < n {
		r.fill()
	}
	v := int32(r.acc >> (64 - n)) // n of 0 shifts everything out
	r.acc <<= n
	r.n -= n
	return v
}

// signed returns an n-bit number in JPEG's representation: below half of the
// range it is negative.
func (r *bitReader) signed(n int) int32 {
	if n == 0 {
		return 0
	}
	v := r.bits(n)
	if v < 1<<(n-1) {
		v += 1 - 1<<n
	}
	return v
}

// symbol returns the next Huffman-coded byte; 0 where the bits are no code, as
// libjpeg does.
func (r *bitReader) symbol(t *huffmanTable) byte {
	if r.n < 24 {
		r.fill()
	}
	if e := t.fast[r.acc>>56]; e != 0 {
		r.acc <<= e >> 8
		r.n -= int(e >> 8)
		return byte(e)
	}
	top := int32(r.acc >> 48)
	for length := 9; length <= 16; length++ {
		if code := top >> (16 - length); code < t.limit[length] {
			r.acc <<= length
			r.n -= length
			if i := code + t.offset[length]; i >= 0 && int(i) < len(t.values) {
				return t.values[i]
			}
			r.bad = true
			return 0
		}
	}
	const tried = 17 // bits
	r.acc <<= tried
	r.n -= tried
	r.bad = true
	return 0
}

// marker returns the position and code of the next marker, or false at the end.
func (r *bitReader) marker(from int) (int, byte, bool) {
	for i := from; i+1 < len(r.data); i++ {
		if m := r.data[i+1]; r.data[i] == 0xff && m != 0 && m != 0xff {
			return i, m, true
		}
	}
	return 0, 0, false
}

// nextRestart drops the rest of the interval and steps over restart marker number n.
// Where another marker stands there, it is libjpeg's guess what was lost: ready says
// whether data follow, else the reader stays before the marker; sound, whether all was
// as it should be.
func (r *bitReader) nextRestart(n int) (ready, sound bool, err error) {
	from := r.pos
	r.acc, r.n, r.fake = 0, 0, 0
	at, m, ok := r.marker(from)
	sound = ok && at == from && int(m) == 0xd0+n
	for {
		if !ok {
			return false, false, errJPEGCut
		}
		ahead := (int(m) - 0xd0 - n) & 7
		switch {
		case m >= 0xc0 && (m < 0xd0 || m > 0xd7), m >= 0xd0 && m <= 0xd7 && (ahead == 1 || ahead == 2):
			r.pos = at // the interval is missing
			return false, false, nil
		case m < 0xc0, ahead == 6 || ahead == 7: // rubbish, or a marker that came before
			at, m, ok = r.marker(at + 2)
			continue
		}
		r.pos = at + 2
		return true, sound, nil
	}
}
