package vision

import (
	"errors"
	"fmt"
)

// pnmHead is the header of a binary PGM (P5) or PPM (P6).
type pnmHead struct {
	channels, width, height, max int
	data                         []byte
}

func pnmSize(b []byte) (int, int, error) {
	h, err := scanPNM(b)
	return h.width, h.height, err
}

// decodePNM reads 8-bit samples; PIL scales other maxima than 255.
func decodePNM(b []byte) (*Image, error) {
	h, err := scanPNM(b)
	if err != nil {
		return nil, err
	}
	if h.max != 255 {
		return nil, fmt.Errorf("the largest value is %d; only 255 is supported", h.max)
	}
	n := h.channels * h.width * h.height
	if len(h.data) < n {
		return nil, fmt.Errorf("%d bytes of pixels are needed, the file has %d; it is cut off", n, len(h.data))
	}
	if h.channels == 1 {
		return FromGray(h.width, h.height, h.data[:n]), nil
	}
	m := NewImage(h.width, h.height)
	copy(m.Pix, h.data)
	return m, nil
}

func scanPNM(b []byte) (pnmHead, error) {
	h := pnmHead{channels: 1}
	if b[1] == '6' {
		h.channels = 3
	}
	b = b[2:]
	for _, field := range []*int{&h.width, &h.height, &h.max} {
		n, rest, err := pnmNumber(b)
		if err != nil {
			return h, err
		}
		*field, b = n, rest
	}
	if len(b) == 0 {
		return h, errors.New("it is cut off in its header")
	}
	h.data = b[1:] // one white space ends the header
	return h, nil
}

// pnmNumber skips white space and comments and reads a number.
func pnmNumber(b []byte) (int, []byte, error) {
	const white = " \t\r\n\v\f"
	comment := false
	for len(b) > 0 && (comment || b[0] == '#' || bytesIn(b[0], white)) {
		comment = b[0] == '#' || comment && b[0] != '\n'
		b = b[1:]
	}
	n, digits := 0, 0
	for len(b) > 0 && b[0] >= '0' && b[0] <= '9' {
		if n > 1<<24 {
			return 0, nil, errors.New("a number in its header is too large")
		}
		n = 10*n + int(b[0]-'0')
		b = b[1:]
		digits++
	}
	if digits == 0 {
		return 0, nil, errors.New("a number is missing in its header")
	}
	return n, b, nil
}

func bytesIn(c byte, set string) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}
