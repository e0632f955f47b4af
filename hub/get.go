package hub

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Get returns what is at a URL of http or https: a small file that is not kept, such
// as a picture. It is an error when that has more than maxBytes bytes or takes longer
// than the given time, and when nothing may be downloaded.
func Get(ctx context.Context, address string, maxBytes int64, longest time.Duration, o Options) ([]byte, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	u, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	shown := u.Redacted()
	if o.Offline {
		return nil, fmt.Errorf("%s: %w: nothing is downloaded", shown, ErrOffline)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("%s: it took longer than %s", shown, longest))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	d := download{o: o}
	resp, err := d.client().Do(req)
	if err != nil {
		if ctx.Err() == nil {
			if away := unreachable(u.Hostname(), err); away != nil {
				return nil, away
			}
		}
		return nil, because(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &StatusError{shown, resp.StatusCode, resp.Status}
	}
	if resp.ContentLength > maxBytes {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are downloaded", shown, resp.ContentLength, maxBytes)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, because(ctx, err))
	}
	if int64(len(b)) > maxBytes {
		return nil, fmt.Errorf("%s has more than %d bytes, which are the most that is downloaded", shown, maxBytes)
	}
	return b, nil
}
