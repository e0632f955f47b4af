package rest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

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

// body reads the body of a request, unpacked, within the limits of size and time.
func (h *handler) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > h.opts.MaxBody {
		return nil, h.tooLarge()
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(h.opts.BodyTimeout)); err == nil {
		defer control.SetReadDeadline(time.Time{})
	}
	var reader io.Reader = http.MaxBytesReader(w, r.Body, h.opts.MaxBody)
	expected := r.ContentLength
	if encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding != "" && encoding != "identity" {
		unpacked, err := unpack(encoding, reader)
		if err != nil {
			return nil, h.broken(err)
		}
		reader, expected = unpacked, -1
	}
	const trusted = 1 << 20 // bytes that are allocated because a client says that they come
	var b bytes.Buffer
	b.Grow(int(min(max(expected, 0), trusted)) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(reader, h.opts.MaxBody+1))
	switch {
	case err != nil:
		return nil, h.broken(err)
	case n > h.opts.MaxBody:
		return nil, h.tooLarge()
	}
	return b.Bytes(), nil
}

func (h *handler) tooLarge() error {
	return serve.Errorf(serve.TooLarge, "the request has more than %d bytes, of which --max-body is the limit", h.opts.MaxBody)
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
		return serve.Errorf(serve.Deadline, "the request's body did not come within %v", h.opts.BodyTimeout)
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
