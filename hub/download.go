package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

// download brings one file. Its caller holds the lock.
type download struct {
	o      Options
	url    *url.URL
	path   string
	prefix string

	received bool // something of the file came in this run

	longest int64 // what NAME.part has reached at best
	// doubtful says that NAME.part may be wrong although the server has the right
	// file: its bytes come from several answers, or its size was never announced.
	doubtful   bool
	restarted  bool          // a doubtful file was wrong, and discarded
	retryAfter time.Duration // what the server asks for
}

// forward is how many new bytes make an attempt one that got somewhere.
const forward = 64 << 10

// run downloads, takes up again what was cut, verifies and puts the file under
// its name.
func (d *download) run(ctx context.Context) error {
	d.longest, _ = d.partial()
	for failures := 0; ; {
		err := d.attempt(ctx)
		if err == nil {
			err = d.finish(ctx)
		}
		var fatal permanent
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &fatal):
			return fatal.error
		}
		if n := d.length(); n >= d.longest+forward {
			d.longest, failures = n, 0
		} else if failures++; failures > max(0, d.o.Retries) {
			return fmt.Errorf("given up after %s without getting further: %w", times(failures, "attempt"), err)
		}
		wait := min(d.o.Backoff<<min(max(failures-1, 0), 10), longestBackoff)
		wait = min(max(wait, d.retryAfter), longestBackoff)
		d.o.Logger.Info("download interrupted", "url", d.url.Redacted(), "error", err, "bytes", d.length(), "retry in", wait)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func times(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// finish verifies the whole file and renames it.
func (d *download) finish(ctx context.Context) error {
	err := verify(ctx, d.part(), d.url.Redacted(), d.prefix)
	var wrong *HashError
	switch {
	case errors.As(err, &wrong) && d.doubtful && !d.restarted:
		d.restarted = true
		if err := d.discard(); err != nil {
			return permanent{err}
		}
		d.longest = 0
		return err // begins anew
	case errors.As(err, &wrong):
		return permanent{errors.Join(err, d.discard())}
	case err != nil:
		return permanent{err}
	}
	if err := os.Rename(d.part(), d.path); err != nil {
		return permanent{err}
	}
	if err := d.discard(); err != nil {
		return permanent{err}
	}
	return nil
}

// maxRedirects is how far a URL may be redirected.
const maxRedirects = 5

// client is the caller's with bounded redirects, which neither leave http nor
// fall back from https to it.
func (d *download) client() *http.Client {
	c := *d.o.Client
	c.Timeout = 0
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		switch last := via[len(via)-1]; {
		case len(via) > maxRedirects:
			return permanent{fmt.Errorf("more than %d redirects", maxRedirects)}
		case req.URL.Scheme != "http" && req.URL.Scheme != "https":
			return permanent{fmt.Errorf("redirected to %s, which is neither http nor https", req.URL.Redacted())}
		case last.URL.Scheme == "https" && req.URL.Scheme == "http":
			return permanent{fmt.Errorf("redirected from https to %s, which is not encrypted", req.URL.Redacted())}
		}
		return nil
	}
	return &c
}
