package partlist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/octet-ml/octet/internal/s3"
)

// remote says how the address where is read, from its beginning; nil where its scheme is
// neither http, https nor s3.
func remote(where string) (Opener, error) {
	scheme, _, _ := strings.Cut(where, "://")
	switch scheme {
	case "http", "https":
		return func(ctx context.Context) (io.ReadCloser, error) { return openHTTP(ctx, where) }, nil
	case "s3":
		object, err := s3.Open(where)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) (io.ReadCloser, error) {
			return openDownload(ctx, where, func(d *download) error {
				body, size, version, final, err := object.Read(d.ctx, d.at, d.etag)
				if final {
					err = errFinal{err}
				}
				if err == nil {
					d.body, d.size, d.etag = body, size, version
				}
				return err
			})
		}, nil
	}
	return nil, nil
}

// A download that breaks off is continued where it ended, so often in a row without a byte,
// and after such a pause, which doubles.
const (
	mostRetries = 5
	firstPause  = 200 * time.Millisecond
)

// download is the content at an address. Where the connection breaks, it goes on.
type download struct {
	ctx   context.Context
	where string
	etag  string // of the content; another one is other content
	at    int64
	size  int64 // -1: unknown
	body  io.ReadCloser
	tries int
	// request asks for the content from where it was read to.
	request func(*download) error
}

func openHTTP(ctx context.Context, where string) (io.ReadCloser, error) {
	return openDownload(ctx, where, (*download).requestHTTP)
}

func openDownload(ctx context.Context, where string, request func(*download) error) (io.ReadCloser, error) {
	d := &download{ctx: ctx, where: where, size: -1, request: request}
	for {
		err := d.request(d)
		if err == nil {
			return d, nil
		}
		if !d.again(err) {
			return nil, err
		}
	}
}

// errFinal is an answer that asking again does not change.
type errFinal struct{ error }

// again waits before another try, if there is one.
func (d *download) again(err error) bool {
	if errors.As(err, &errFinal{}) || d.ctx.Err() != nil || d.tries == mostRetries {
		return false
	}
	pause := time.NewTimer(firstPause << d.tries)
	defer pause.Stop()
	d.tries++
	select {
	case <-pause.C:
		return true
	case <-d.ctx.Done():
		return false
	}
}

// requestHTTP is request of a web server.
func (d *download) requestHTTP() error {
	req, err := http.NewRequestWithContext(d.ctx, http.MethodGet, d.where, nil)
	if err != nil {
		return errFinal{err}
	}
	req.Header.Set("Accept-Encoding", "identity") // offsets count the bytes that are sent
	want := http.StatusOK
	if d.at > 0 {
		want = http.StatusPartialContent
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.at))
		if d.etag != "" {
			req.Header.Set("If-Range", d.etag)
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != want {
		res.Body.Close()
		err := fmt.Errorf("%s: the server answers %s", d.where, res.Status)
		switch {
		case d.at > 0 && res.StatusCode == http.StatusOK:
			return errFinal{fmt.Errorf("%s: the connection broke after %d bytes, and the server does not continue there, or has other content now", d.where, d.at)}
		case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
			return err
		}
		return errFinal{err}
	}
	if d.at == 0 {
		d.size, d.etag = res.ContentLength, res.Header.Get("ETag")
		if strings.HasPrefix(d.etag, "W/") {
			d.etag = ""
		}
	}
	d.body = res.Body
	return nil
}

// Read goes on after a broken connection.
func (d *download) Read(p []byte) (int, error) {
	for {
		n, err := d.body.Read(p)
		d.at += int64(n)
		if n > 0 {
			d.tries = 0
			return n, nil
		}
		if err == io.EOF && (d.size < 0 || d.at == d.size) {
			return 0, io.EOF
		}
		if err == nil {
			continue
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		d.body.Close()
		for {
			if !d.again(err) {
				return 0, fmt.Errorf("%s: after %d bytes: %w", d.where, d.at, err)
			}
			if err = d.request(d); err == nil {
				break
			}
		}
	}
}

// Close ends the download.
func (d *download) Close() error { return d.body.Close() }
