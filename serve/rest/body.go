package rest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unsafe"

	"github.com/octet-ml/octet/serve"
)

// reserve takes the memory that a request's body may need; release gives it back. The error says
// that other requests have it.
func (h *handler) reserve(r *http.Request) (release func(), err error) {
	size := r.ContentLength
	if size < 0 || r.Header.Get("Content-Encoding") != "" {
		size = h.opts.MaxBody
	}
	if h.pending.Add(size) > h.opts.MaxPending {
		h.pending.Add(-size)
		e := serve.Errorf(serve.Exhausted, "requests of more than %d bytes together are being answered: send it again later", h.opts.MaxPending)
		e.RetryAfter = time.Second
		return nil, e
	}
	return func() { h.pending.Add(-size) }, nil
}

// content is a body, unpacked, in memory that may hold another one when nothing refers to it.
type content struct{ text, memory []byte }

// body reads the body of a request within the limits of size and time. What stands behind its
// first lead bytes is aligned to numbers, where its length is known.
func (h *handler) body(w http.ResponseWriter, r *http.Request, lead int) (c content, err error) {
	if r.ContentLength > h.opts.MaxBody {
		return c, h.tooLarge()
	}
	pieces, done := inPieces(r, r.Body)
	defer done()
	packed := http.MaxBytesReader(w, io.NopCloser(pieces), h.opts.MaxBody)
	var reader io.Reader = packed
	expected := r.ContentLength
	if encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding != "" && encoding != "identity" {
		unpacked, err := unpack(encoding, packed)
		if err != nil {
			return c, h.broken(err)
		}
		reader, expected = unpacked, -1
	}
	if c, err = h.take(reader, expected, lead); err != nil {
		return c, h.broken(err)
	}
	if n, err := packed.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		return c, h.broken(cmp.Or(err, errors.New("something stands behind what is packed")))
	}
	// All has come in its time. What comes behind it, such as the client's leaving, has none.
	http.NewResponseController(w).SetReadDeadline(time.Time{})
	return c, nil
}

// take reads so many bytes, or, where the number is below 0, all. Memory for bytes that have not
// come is a small part of those that may, and there is little to collect behind it: a buffer
// that doubles would need three times as much.
func (h *handler) take(r io.Reader, expected int64, lead int) (content, error) {
	const most = 1 << 20 // that are believed to come
	if expected >= 0 {
		c := h.spare(expected)
		if c.memory == nil {
			c.memory = make([]byte, min(expected, most)+alignment)
		}
		c.text = aligned(c.memory, lead)
		c.text = c.text[:min(int64(len(c.text)), expected)]
		n, err := io.ReadFull(r, c.text)
		if err != nil || int64(n) == expected {
			return content{c.text[:n], c.memory}, err
		}
		first := c.text
		c.memory = make([]byte, expected+alignment)
		c.text = aligned(c.memory, lead)[:expected]
		copy(c.text, first)
		_, err = io.ReadFull(r, c.text[n:])
		return c, err
	}
	var parts [][]byte
	for left, size := h.opts.MaxBody, int64(most/16); ; size = min(2*size, most) {
		b, err := fill(r, make([]byte, 0, size))
		if left -= int64(len(b)); left < 0 {
			return content{}, h.tooLarge()
		}
		parts = append(parts, b)
		switch {
		case errors.Is(err, io.EOF):
			return content{text: bytes.Join(parts, nil)}, nil
		case err != nil:
			return content{}, err
		}
	}
}

// maxSpare bounds the bytes of a body whose memory is kept for another.
const maxSpare = 4 << 20

// alignment is that of the largest numbers of a body.
const alignment = 8

// aligned leaves out the first bytes, so that those behind lead bytes are aligned.
func aligned(b []byte, lead int) []byte {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b))) + uintptr(lead)
	return b[-at%alignment:]
}

// spare is memory of a body that nothing refers to any more; nil where none is large enough.
func (h *handler) spare(size int64) content {
	if b, ok := h.spares.Get().(*[]byte); ok && int64(len(*b)) >= size+alignment {
		return content{memory: *b}
	}
	return content{}
}

// free keeps the memory of a body to which nothing refers.
func (h *handler) free(c content) {
	if c.memory != nil && len(c.memory) <= maxSpare {
		h.spares.Put(&c.memory)
	}
}

// fill reads until a slice is at its capacity.
func fill(r io.Reader, b []byte) ([]byte, error) {
	for len(b) < cap(b) {
		n, err := r.Read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; err != nil {
			return b, err
		}
	}
	return b, nil
}

func (h *handler) tooLarge() error {
	return serve.Errorf(serve.TooLarge, "the request has more than %d bytes, of which --max-body is the limit", h.opts.MaxBody)
}

// slowError says that a body did not come in its time: the fault of the client or of what is
// between, where serve.Deadline is that of the server.
type slowError struct{ timeout time.Duration }

func (e *slowError) Error() string {
	return fmt.Sprintf("the request's body did not come within %v", e.timeout)
}

// broken is the error of a body that could not be read.
func (h *handler) broken(err error) error {
	var large *http.MaxBytesError
	var own *serve.Error
	switch {
	case errors.As(err, &own):
		return err
	case errors.As(err, &large):
		return h.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &slowError{h.opts.BodyTimeout}
	}
	return serve.Errorf(serve.Invalid, "the request's body cannot be read: %v", err)
}

// unpack reads what a Content-Encoding has packed.
func unpack(encoding string, r io.Reader) (io.Reader, error) {
	switch encoding {
	case "gzip", "x-gzip":
		return gzip.NewReader(r)
	case "deflate":
		return zlib.NewReader(r)
	}
	return nil, serve.Errorf(serve.Invalid, "Content-Encoding %s: gzip and deflate are read", encoding)
}

// pack packs an answer as the client accepts it: what Accept-Encoding names first of gzip and
// deflate. Small answers are left as they are.
func pack(accepted string, parts ...[]byte) (encoding string, packed []byte, err error) {
	const small = 1 << 10
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	if size < small {
		return "", nil, nil
	}
	for item := range strings.SplitSeq(accepted, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(item), ";")
		if q := strings.ReplaceAll(params, " ", ""); q == "q=0" || strings.HasPrefix(q, "q=0.000") {
			continue
		}
		var b bytes.Buffer
		var z io.WriteCloser
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip":
			z, err = gzip.NewWriterLevel(&b, gzip.BestSpeed)
		case "deflate":
			z, err = zlib.NewWriterLevel(&b, zlib.BestSpeed)
		default:
			continue
		}
		if err != nil {
			return "", nil, err
		}
		for _, p := range parts {
			if _, err := z.Write(p); err != nil {
				return "", nil, err
			}
		}
		if err := z.Close(); err != nil {
			return "", nil, err
		}
		return strings.ToLower(strings.TrimSpace(name)), b.Bytes(), nil
	}
	return "", nil, nil
}
