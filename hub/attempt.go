package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/octet-ml/octet/internal/atomicfile"
)

// attempt asks once for the file, or for what is missing of it. It returns nil
// when NAME.part is as long as the server says the file is; a permanent error
// when asking again is no use.
func (d *download) attempt(ctx context.Context) error {
	have, known := d.partial()
	if have > 0 && have == known.Size && d.prefix != "" {
		d.doubtful = true
		return nil // killed before it was verified
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := cut{fmt.Errorf("%s has sent nothing for %s", d.url.Redacted(), d.o.Silence)}
	watch := time.AfterFunc(d.o.Silence, func() { cancel(silent) })
	defer watch.Stop()

	resp, err := d.ask(ctx, have, known)
	if err != nil {
		return because(ctx, err)
	}
	defer resp.Body.Close()
	offset, now, err := d.judge(resp, have, known)
	if err != nil || offset < 0 {
		return err
	}
	f, err := d.openPart(offset, now)
	if err != nil {
		return permanent{err}
	}
	err = because(ctx, d.receive(f, resp.Body, offset, now.Size, func() { watch.Reset(d.o.Silence) }))
	if e := errors.Join(f.Sync(), f.Close()); e != nil && err == nil {
		err = permanent{e}
	}
	var bad spoiled
	if errors.As(err, &bad) { // removed only now: an open file cannot be, on Windows
		if e := d.discard(); e != nil {
			return permanent{e}
		}
	}
	return err
}

// because replaces the error of a cancelled request by the reason.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// ask sends the request, for the bytes from have on if there are some.
func (d *download) ask(ctx context.Context, have int64, known origin) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url.String(), nil)
	if err != nil {
		return nil, permanent{err}
	}
	req.Header.Set("User-Agent", "octet")
	req.Header.Set("Accept-Encoding", "identity") // ranges count the bytes of the file itself
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if v := known.validator(d.prefix != ""); v != "" {
			req.Header.Set("If-Range", v)
		}
	}
	resp, err := d.client().Do(req)
	var certificate *tls.CertificateVerificationError
	var fatal permanent
	switch {
	case err == nil:
		return resp, nil
	case errors.As(err, &fatal), errors.As(err, &certificate):
		return nil, permanent{err}
	}
	if e := unreachable(d.url.Hostname(), err); e != nil && !d.received {
		return nil, permanent{e}
	}
	return nil, cut{err}
}

// judge decides from the head of an answer where its bytes belong: offset is
// negative when NAME.part is whole already.
func (d *download) judge(resp *http.Response, have int64, known origin) (offset int64, now origin, err error) {
	now = origin{originURL(d.url), resp.Header.Get("ETag"), resp.Header.Get("Last-Modified"), resp.ContentLength}
	d.retryAfter = 0
	switch resp.StatusCode {
	case http.StatusOK:
		d.doubtful = now.Size < 0
	case http.StatusPartialContent:
		first, total, ok := contentRange(resp.Header.Get("Content-Range"))
		here := ok && have > 0 && first == have
		if !here || known.changed(total, now.ETag) {
			return 0, now, d.anew(fmt.Errorf("%s has changed: asked for the bytes from %d on, the answer is %q of %s",
				d.url.Redacted(), have, resp.Header.Get("Content-Range"), orNone(now.ETag)))
		}
		offset, now.Size = have, total
		d.doubtful = true
	case http.StatusRequestedRangeNotSatisfiable:
		if _, total, ok := contentRange(resp.Header.Get("Content-Range")); ok && total == have && have > 0 {
			d.doubtful = true
			return -1, now, nil
		}
		return 0, now, d.anew(fmt.Errorf("%s has changed: it has no bytes from %d on", d.url.Redacted(), have))
	default:
		return 0, now, d.refused(resp)
	}
	if now.Size > d.o.MaxBytes {
		return 0, now, permanent{fmt.Errorf("%s has %d bytes; at most %d are accepted", d.url.Redacted(), now.Size, d.o.MaxBytes)}
	}
	if now.Size >= 0 {
		if err := atomicfile.Room(d.o.Cache, now.Size-offset); err != nil {
			return 0, now, permanent{err}
		}
	}
	return offset, now, nil
}

func orNone(etag string) string {
	if etag == "" {
		return "a file without ETag"
	}
	return "ETag " + etag
}

// anew gives up what is there, because of err; the next attempt begins at 0.
func (d *download) anew(err error) error {
	if e := d.discard(); e != nil {
		return permanent{e}
	}
	return cut{err}
}

// refused is the error for an answer that is not the file.
func (d *download) refused(resp *http.Response) error {
	err := &StatusError{URL: d.url.Redacted(), Code: resp.StatusCode, Status: resp.Status}
	if !err.temporary() {
		return permanent{err}
	}
	if seconds, e := strconv.Atoi(resp.Header.Get("Retry-After")); e == nil && seconds > 0 {
		d.retryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	return cut{err}
}

// receive copies the body behind offset; total is the size of the whole file,
// or -1. alive is called whenever something came.
func (d *download) receive(f *os.File, body io.Reader, offset, total int64, alive func()) error {
	buffer := make([]byte, 1<<17)
	d.o.Progress(offset, total)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			alive()
			d.received = true
			offset += int64(n)
			if offset > d.o.MaxBytes {
				return permanent{spoiled{fmt.Errorf("%s sends more than the %d bytes that are accepted", d.url.Redacted(), d.o.MaxBytes)}}
			}
			if total >= 0 && offset > total {
				return cut{spoiled{fmt.Errorf("%s sends more than the %d bytes that it announced", d.url.Redacted(), total)}}
			}
			if _, err := f.Write(buffer[:n]); err != nil {
				return permanent{err}
			}
			d.o.Progress(offset, total)
		}
		switch {
		case err == io.EOF && (total < 0 || offset == total):
			return nil
		case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
			return cut{fmt.Errorf("%s ended after %d of %d bytes: %w", d.url.Redacted(), offset, total, io.ErrUnexpectedEOF)}
		case err != nil:
			return cut{fmt.Errorf("%s, after %d bytes: %w", d.url.Redacted(), offset, err)}
		}
	}
}

var rangePattern = regexp.MustCompile(`^bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)$`)

// contentRange reads the header: the first byte sent, and the size of the whole
// file, -1 where it is not said. ok is false where it makes no sense.
func contentRange(header string) (first, total int64, ok bool) {
	m := rangePattern.FindStringSubmatch(header)
	if m == nil {
		return 0, 0, false
	}
	total = -1
	if m[3] != "*" {
		total, _ = strconv.ParseInt(m[3], 10, 64) // digits, too few to overflow
	}
	if m[1] == "" {
		return 0, total, true
	}
	first, _ = strconv.ParseInt(m[1], 10, 64)
	last, _ := strconv.ParseInt(m[2], 10, 64)
	return first, total, first <= last && (total < 0 || last < total)
}
