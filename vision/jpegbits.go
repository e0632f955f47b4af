package vision

import (
	"encoding/binary"
	"errors"
)

var (
	errJPEGData = errors.New("the compressed data is damaged")
	errJPEGCut  = errors.New("the compressed data ends too early; it is cut off")
)

// huffmanTable decodes canonical codes of up to 16 bits.
type huffmanTable struct {
	fast   [1 << lookAhead]code // by the next bits; 0 for longer codes
	limit  [17]int32            // one past the last code of each length
	offset [17]int32            // index of a code's value, less the code
	values []byte
}

// lookAhead is how many bits are looked up at once: most codes with the number behind them.
const lookAhead = 10

// code is what bits begin with: from the lowest bit, 8 bits for how many bits it has with its
// number, or, where that is not whole, without; 4 for those without; 8 for the symbol, of which
// the low half is the length of the number; and the number, signed.
type code uint32

// whole marks codes whose number is within the bits that were looked up.
const whole code = 1 << 7

func (c code) bits() int     { return int(c & 31) }
func (c code) length() int   { return int(c >> 8 & 15) }
func (c code) symbol() byte  { return byte(c >> 12) }
func (c code) run() int      { return int(c >> 16 & 15) }
func (c code) number() int32 { return int32(c) >> 20 }

// codeOf is the entry for bits, of which the first length are the code of a symbol.
func codeOf(bits, length int, symbol byte) code {
	c := code(symbol)<<12 | code(length)<<8
	size := int(symbol & 15)
	if size == 0 || length+size > lookAhead {
		return c | code(length)
	}
	v := int32(bits >> (lookAhead - length - size) & (1<<size - 1))
	return c | whole | code(length+size) | code(signed(v, size)<<20)
}

func newHuffmanTable(counts, values []byte) (*huffmanTable, error) {
	t := &huffmanTable{values: values}
	code, index := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		t.offset[length] = index - code
		for range counts[length-1] {
			if length <= lookAhead {
				first := int(code) << (lookAhead - length)
				for i := range 1 << (lookAhead - length) {
					if first+i >= len(t.fast) {
						return nil, errors.New("bad Huffman table")
					}
					t.fast[first+i] = codeOf(first+i, length, values[index])
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
	acc  uint64 // the next bits, the first of them at the top; behind them anything that agrees with the data
	n    int    // how many of them there are
	fake int    // how many of those stand behind the end of the data
	cut  bool   // the data end without a marker
	bad  bool   // a code was none
}

// fill makes at least 57 bits available; behind the end they are zeros.
func (r *bitReader) fill() {
	if r.pos+8 <= len(r.data) {
		const ones = 0x0101010101010101
		v := binary.BigEndian.Uint64(r.data[r.pos:])
		if (^v-ones)&v&(ones<<7) == 0 { // no byte is 0xff
			more := (64 - r.n) / 8
			r.acc |= v >> r.n
			r.pos += more
			r.n += 8 * more
			return
		}
	}
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

// signed returns an n-bit number.
func (r *bitReader) signed(n int) int32 {
	if n == 0 {
		return 0
	}
	return signed(r.bits(n), n)
}

// signed is an n-bit number in JPEG's representation: below half of the range it is negative.
func signed(v int32, n int) int32 {
	if v < 1<<(n-1) {
		v += 1 - 1<<n
	}
	return v
}

// enough is how many bits a code may have, and more.
const enough = 24

// symbol returns the next Huffman-coded byte; 0 where the bits are no code, as
// libjpeg does.
func (r *bitReader) symbol(t *huffmanTable) byte {
	if r.n < enough {
		r.fill()
	}
	if c := t.fast[r.acc>>(64-lookAhead)]; c != 0 {
		r.acc <<= c.length()
		r.n -= c.length()
		return c.symbol()
	}
	return r.longSymbol(t)
}

// longSymbol is symbol for a code that is not looked up.
func (r *bitReader) longSymbol(t *huffmanTable) byte {
	top := int32(r.acc >> 48)
	for length := lookAhead + 1; length <= 16; length++ {
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
