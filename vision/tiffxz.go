package vision

import (
	"bytes"
	"errors"

	"github.com/ulikunitz/xz/lzma"
)

// unpackXZ unpacks the first block of an .xz stream, as libtiff writes it: LZMA2
// behind a delta filter, which general readers of .xz leave out.
func unpackXZ(data []byte, size int) ([]byte, error) {
	const streamHead, delta, lzma2 = 12, 3, 0x21
	bad := errors.New("its LZMA data are damaged")
	if len(data) < streamHead+4 || !bytes.HasPrefix(data, []byte("\xfd7zXZ\x00")) {
		return nil, bad
	}
	head := data[streamHead:]
	end := 4 * (int(head[0]) + 1)
	if head[0] == 0 || len(head) < end {
		return nil, bad
	}
	body, flags, fields := head[end:], head[1], head[2:end]
	next := func() int { // numbers of 7 bits per byte, of which only small ones matter
		v := 0
		for shift := 0; len(fields) > 0; shift += 7 {
			c := fields[0]
			fields = fields[1:]
			if shift < 28 {
				v |= int(c&127) << shift
			}
			if c < 128 {
				break
			}
		}
		return v
	}
	for _, sized := range []byte{0x40, 0x80} { // compressed and plain size
		if flags&sized != 0 {
			next()
		}
	}
	distance, dictionary, last := 0, 0, 0
	for range flags&3 + 1 {
		id, n := next(), next()
		if n != 1 || len(fields) < 1 || last == lzma2 {
			return nil, bad
		}
		v := int(fields[0])
		fields = fields[1:]
		switch last = id; {
		case id == delta && distance == 0:
			distance = v + 1
		case id == lzma2 && v <= 40:
			dictionary = (2 | v&1) << (v/2 + 11)
		default:
			return nil, errors.New("a filter of its LZMA data is not supported")
		}
	}
	if last != lzma2 {
		return nil, bad
	}
	// No more than the output is ever looked back at.
	r, err := lzma.Reader2Config{DictCap: max(lzma.MinDictCap, min(dictionary, size))}.NewReader2(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out, err := readFull(r, size)
	if err == nil && distance > 0 {
		for i := distance; i < len(out); i++ {
			out[i] += out[i-distance]
		}
	}
	return out, err
}
