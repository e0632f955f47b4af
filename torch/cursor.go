package torch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// errCut reports a pickle that ends before its STOP opcode.
var errCut = errors.New("the pickle ends in the middle: the file is cut off or damaged")

// longestName bounds the names of classes; real ones are far shorter.
const longestName = 512

// cursor reads the bytes of a pickle. Every length is checked against what is
// left before anything is allocated.
type cursor struct {
	r    *bufio.Reader
	left int64 // bytes that may still be read
	pos  int64 // bytes read so far
}

// newCursor reads from the first n bytes of r.
func newCursor(r io.Reader, n int64) *cursor {
	return &cursor{r: bufio.NewReaderSize(r, 16<<10), left: n}
}

func bytesCursor(b []byte) *cursor { return newCursor(bytes.NewReader(b), int64(len(b))) }

func (c *cursor) byte() (byte, error) {
	if c.left < 1 {
		return 0, errCut
	}
	b, err := c.r.ReadByte()
	if err != nil {
		return 0, c.failed(err)
	}
	c.left, c.pos = c.left-1, c.pos+1
	return b, nil
}

// bytes returns the next n bytes, freshly allocated.
func (c *cursor) bytes(n int64) ([]byte, error) {
	if n < 0 || n > c.left {
		return nil, fmt.Errorf("%w (a length of %d where %d bytes are left)", errCut, n, c.left)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.r, b); err != nil {
		return nil, c.failed(err)
	}
	c.left, c.pos = c.left-n, c.pos+n
	return b, nil
}

// uint returns a little-endian number of n bytes, n at most 8.
func (c *cursor) uint(n int64) (uint64, error) {
	var v uint64
	for i := range n {
		b, err := c.byte()
		if err != nil {
			return 0, err
		}
		v |= uint64(b) << (8 * i)
	}
	return v, nil
}

// line returns the text up to the next newline, which is dropped.
func (c *cursor) line() (string, error) {
	var text []byte
	for len(text) <= longestName {
		b, err := c.byte()
		if err != nil {
			return "", err
		}
		if b == '\n' {
			return string(text), nil
		}
		text = append(text, b)
	}
	return "", fmt.Errorf("a name of more than %d bytes", longestName)
}

func (c *cursor) failed(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCut
	}
	return err
}
