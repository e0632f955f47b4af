package vision

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// A pnm is a netpbm file, P1 to P6, or a float map, Pf.
type pnm struct {
	kind          byte // '1' to '6', 'f'
	width, height int
	max           int     // the largest sample; 1 of a bitmap
	scale         float64 // of a float map: negative where it is little-endian
	data          []byte
}

func (p pnm) channels() int {
	if p.kind == '3' || p.kind == '6' {
		return 3
	}
	return 1
}

// wide reports whether PIL keeps the samples in 32 bits, of which it then shows
// only 0 to 255.
func (p pnm) wide() bool { return p.channels() == 1 && p.max > 255 }

func pnmSize(b []byte) (int, int, error) {
	p, err := scanPNM(b)
	return p.width, p.height, err
}

func decodePNM(b []byte) (*Image, error) {
	p, err := scanPNM(b)
	if err != nil {
		return nil, err
	}
	least := p.width * p.height * p.channels() // bytes of the shortest file
	switch p.kind {
	case '2', '3':
		least = 2*least - 1
	case '4':
		least = (p.width + 7) / 8 * p.height
	case '5', '6':
		if p.max > 255 {
			least *= 2
		}
	case 'f':
		least *= 4
	}
	if len(p.data) < least {
		return nil, fmt.Errorf("at least %d bytes of pixels are needed, the file has %d; it is cut off", least, len(p.data))
	}
	switch p.kind {
	case '1':
		return p.plainBits()
	case '2', '3':
		return p.plainSamples()
	case '4':
		return p.bits(), nil
	case 'f':
		return p.floats(), nil
	default:
		return p.samples(), nil
	}
}

// scanPNM reads the header.
func scanPNM(b []byte) (pnm, error) {
	p := pnm{kind: b[1], max: 1}
	if len(b) < 3 || !isWhite(b[2]) {
		return p, errors.New("no white space follows its first two bytes")
	}
	r := pnmReader{b[3:]}
	fields := []*int{&p.width, &p.height, &p.max}
	if p.kind == '1' || p.kind == '4' || p.kind == 'f' {
		fields = fields[:2]
	}
	for _, field := range fields {
		token, err := r.token()
		if err == nil {
			*field, err = strconv.Atoi(token)
		}
		if err != nil || *field < 0 {
			return p, fmt.Errorf("bad number %q in its header", token)
		}
	}
	if p.max < 1 || p.max > 65535 {
		return p, fmt.Errorf("the largest value is %d; 1 to 65535 are possible", p.max)
	}
	if p.kind == 'f' {
		token, err := r.token()
		if err == nil {
			p.scale, err = strconv.ParseFloat(token, 64)
		}
		if err != nil || p.scale == 0 || math.IsNaN(p.scale) || math.IsInf(p.scale, 0) {
			return p, fmt.Errorf("bad scale %q in its header", token)
		}
	}
	p.data = r.rest
	return p, nil
}

func isWhite(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

type pnmReader struct{ rest []byte }

// token reads up to the next white space, which is dropped. A comment, from # to
// the end of its line, may stand anywhere, also within a token.
func (r *pnmReader) token() (string, error) {
	const longest = 10
	var token []byte
	for len(r.rest) > 0 && len(token) <= longest {
		c := r.rest[0]
		r.rest = r.rest[1:]
		switch {
		case c == '#':
			r.rest = r.rest[min(len(r.rest), endOfLine(r.rest)+1):]
		case !isWhite(c):
			token = append(token, c)
		case len(token) > 0:
			return string(token), nil
		}
	}
	if len(token) == 0 || len(token) > longest {
		return string(token), errors.New("not a number")
	}
	return string(token), nil
}

func endOfLine(b []byte) int {
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		return i
	}
	return len(b)
}

// withoutComments returns the text of a plain file.
func withoutComments(b []byte) []byte {
	var out []byte
	for {
		i := bytes.IndexByte(b, '#')
		if i < 0 {
			return append(out, b...)
		}
		out = append(out, b[:i]...)
		b = b[i:]
		b = b[min(len(b), endOfLine(b)+1):]
	}
}

// plainBits reads a P1, whose digits need no space between them; 1 is black.
func (p pnm) plainBits() (*Image, error) {
	gray := make([]uint8, 0, p.width*p.height)
	for _, c := range withoutComments(p.data) {
		switch {
		case isWhite(c):
		case c != '0' && c != '1':
			return nil, fmt.Errorf("%q is neither 0 nor 1", c)
		case len(gray) < cap(gray):
			gray = append(gray, 255*('1'-c))
		}
	}
	if len(gray) < cap(gray) {
		return nil, fmt.Errorf("%d of %d pixels are there; it is cut off", len(gray), cap(gray))
	}
	return FromGray(p.width, p.height, gray), nil
}

func (p pnm) bits() *Image {
	m := NewImage(p.width, p.height)
	stride := (p.width + 7) / 8
	for y := range p.height {
		grayRow(m.row(y), [][]uint8{unpackBits(p.data[y*stride:], p.width, 1, func(v uint8) uint8 { return 255 * (1 - v) })})
	}
	return m
}

// plainSamples reads a P2 or P3: decimal numbers.
func (p pnm) plainSamples() (*Image, error) {
	scale := p.scaling()
	out := make([]uint8, p.width*p.height*p.channels())
	text := withoutComments(p.data)
	for i := range out {
		text = bytes.TrimLeftFunc(text, func(r rune) bool { return r < 128 && isWhite(byte(r)) })
		n := bytes.IndexAny(text, " \t\n\v\f\r")
		if n < 0 {
			n = len(text)
		}
		if n == 0 {
			return nil, fmt.Errorf("%d of %d samples are there; it is cut off", i, len(out))
		}
		v, err := strconv.Atoi(string(text[:n]))
		if err != nil || v < 0 || v > p.max {
			return nil, fmt.Errorf("sample %q is not within 0..%d", text[:min(n, 12)], p.max)
		}
		out[i] = scale[v]
		text = text[n:]
	}
	return p.image(out), nil
}

// samples reads a P5 or P6: bytes, or pairs of bytes.
func (p pnm) samples() *Image {
	out := make([]uint8, p.width*p.height*p.channels())
	if p.max == 255 {
		copy(out, p.data)
		return p.image(out)
	}
	scale := p.scaling()
	for i := range out {
		if p.max < 256 {
			out[i] = scale[p.data[i]]
		} else {
			out[i] = scale[binary.BigEndian.Uint16(p.data[2*i:])]
		}
	}
	return p.image(out)
}

// scaling is what PIL makes of each sample: its part of the largest one, of 255
// or, in one channel of more than 8 bits, of 65535, and then at most 255.
func (p pnm) scaling() []uint8 {
	n, full := 256, 255.0
	if p.max > 255 {
		n = 1 << 16
	}
	if p.wide() {
		full = 65535
	}
	table := make([]uint8, n)
	for v := range table {
		table[v] = uint8(min(255, math.RoundToEven(float64(v)/float64(p.max)*full)))
	}
	return table
}

func (p pnm) image(samples []uint8) *Image {
	if p.channels() == 3 {
		return &Image{Width: p.width, Height: p.height, Pix: samples}
	}
	return FromGray(p.width, p.height, samples)
}

// floats reads a float map, whose rows begin at the bottom.
func (p pnm) floats() *Image {
	var order binary.ByteOrder = binary.BigEndian
	if p.scale < 0 {
		order = binary.LittleEndian
	}
	gray := make([]uint8, p.width*p.height)
	for y := range p.height {
		row := gray[(p.height-1-y)*p.width:]
		for x := range p.width {
			row[x] = clampFloat(math.Float32frombits(order.Uint32(p.data[4*(y*p.width+x):])))
		}
	}
	return FromGray(p.width, p.height, gray)
}

// clampFloat cuts fractions off, as PIL does; NaN is 0.
func clampFloat(v float32) uint8 {
	switch {
	case v >= 255:
		return 255
	case v > 0:
		return uint8(v)
	default:
		return 0
	}
}

// unpackBits returns n samples of 1, 2, 4 or 8 bits, the first in the upper bits.
func unpackBits(src []byte, n, bits int, value func(uint8) uint8) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		at := i * bits
		out[i] = value(src[at/8] >> (8 - bits - at%8) & uint8(1<<bits-1))
	}
	return out
}
