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
		if code > 1<<length {
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
}

// fill makes at least 32 bits available; behind the end they are zeros.
func (r *bitReader) fill() {
	for r.n <= 56 {
		var b byte
		switch {
		case r.pos >= len(r.data) || r.data[r.pos] == 0xff && (r.pos+1 >= len(r.data) || r.data[r.pos+1] != 0):
			r.fake += 8
		case r.data[r.pos] == 0xff:
			b = 0xff
			r.pos += 2
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

// symbol returns the next Huffman-coded byte.
func (r *bitReader) symbol(t *huffmanTable) (byte, error) {
	if r.n < 16 {
		r.fill()
	}
	if e := t.fast[r.acc>>56]; e != 0 {
		r.acc <<= e >> 8
		r.n -= int(e >> 8)
		return byte(e), nil
	}
	top := int32(r.acc >> 48)
	for length := 9; length <= 16; length++ {
		if code := top >> (16 - length); code < t.limit[length] {
			r.acc <<= length
			r.n -= length
			i := code + t.offset[length]
			if i < 0 || int(i) >= len(t.values) {
				return 0, errJPEGData
			}
			return t.values[i], nil
		}
	}
	return 0, errJPEGData
}

// nextRestart drops the rest of the interval and steps over its marker.
func (r *bitReader) nextRestart() error {
	r.acc, r.n, r.fake = 0, 0, 0
	for r.pos+1 < len(r.data) {
		if r.data[r.pos] == 0xff && r.data[r.pos+1] != 0 && r.data[r.pos+1] != 0xff {
			if m := r.data[r.pos+1]; m < 0xd0 || m > 0xd7 {
				return errJPEGCut
			}
			r.pos += 2
			return nil
		}
		r.pos++
	}
	return errJPEGCut
}
