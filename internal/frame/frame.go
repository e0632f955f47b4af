package frame

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// The largest lengths, in bytes, that a frame may have.
const (
	MaxHeader  = 1 << 20
	MaxPayload = 1 << 30
)

const (
	magic    = "OCT1"
	preamble = len(magic) + 8
)

// buffered is how much is read ahead. A longer payload is read around the
// buffer, straight to where it belongs.
const buffered = 4096

// Reader reads frames. After an error the position in the stream is lost.
type Reader struct {
	r      *bufio.Reader
	header []byte
	left   int // of the current payload
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, buffered)}
}

// Next skips what is left of the current frame, decodes the header of the next
// one into header, a pointer, and returns the length of its payload. At the end
// of the stream the error is io.EOF; where it ends within a frame,
// io.ErrUnexpectedEOF.
func (r *Reader) Next(header any) (payload int, err error) {
	if _, err := io.CopyN(io.Discard, r, int64(r.left)); err != nil {
		return 0, cut(err)
	}
	var p [preamble]byte
	if _, err := io.ReadFull(r.r, p[:]); err != nil {
		return 0, err
	}
	if string(p[:len(magic)]) != magic {
		return 0, fmt.Errorf("a frame begins with %q, found %q: something else writes to this pipe", magic, p[:len(magic)])
	}
	size, left := binary.LittleEndian.Uint32(p[4:]), binary.LittleEndian.Uint32(p[8:])
	if size > MaxHeader || left > MaxPayload {
		return 0, fmt.Errorf("a frame with a header of %d and a payload of %d bytes; at most %d and %d are allowed", size, left, MaxHeader, MaxPayload)
	}
	if cap(r.header) < int(size) {
		r.header = make([]byte, size)
	}
	h := r.header[:size]
	if _, err := io.ReadFull(r.r, h); err != nil {
		return 0, cut(err)
	}
	r.left = int(left)
	if err := json.Unmarshal(h, header); err != nil {
		return 0, fmt.Errorf("header of a frame: %w", err)
	}
	return r.left, nil
}

// Read reads from the current payload; behind its end the error is io.EOF.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	if r.left > 0 {
		err = cut(err)
	}
	return n, err
}

// cut is err where the stream must not end.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Writer writes frames. It is safe for concurrent use.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// joined is the largest payload that is copied behind its header, to be written
// in one call.
const joined = 1 << 15

// Write writes one frame: header as JSON, and the parts of the payload one
// behind the other.
func (w *Writer) Write(header any, payload ...[]byte) error {
	h, err := json.Marshal(header)
	if err != nil {
		return err
	}
	size := 0
	for _, p := range payload {
		size += len(p)
	}
	if len(h) > MaxHeader || size > MaxPayload {
		return fmt.Errorf("a frame with a header of %d and a payload of %d bytes cannot be sent; at most %d and %d are allowed", len(h), size, MaxHeader, MaxPayload)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	b := append(w.buf[:0], magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(h)))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = append(b, h...)
	for len(payload) > 0 && len(b)+len(payload[0]) <= joined {
		b, payload = append(b, payload[0]...), payload[1:]
	}
	w.buf = b
	if _, err := w.w.Write(b); err != nil {
		return err
	}
	for _, p := range payload {
		if _, err := w.w.Write(p); err != nil {
			return err
		}
	}
	return nil
}
