package hub

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/octet-ml/octet/internal/atomicfile"
)

// origin says where the bytes of NAME.part come from; it is NAME.part.json.
type origin struct {
	URL          string `json:"url"` // without user and query, which may be secret
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	Size         int64  `json:"size"` // of the whole file; -1 where unknown
}

// originURL is what origin keeps of a URL.
func originURL(u *url.URL) string {
	plain := *u
	plain.User, plain.RawQuery, plain.Fragment = nil, "", ""
	return plain.String()
}

// changed reports whether a file of so many bytes, -1 where unknown, with such an ETag
// is another one.
func (g origin) changed(size int64, etag string) bool {
	if size >= 0 && g.Size >= 0 && size != g.Size {
		return true
	}
	return etag != "" && etag != g.ETag
}

// validator is what If-Range takes: the server then sends the rest only of the
// same file. A weak ETag cannot be used, and a date only where the checksum
// proves the result.
func (g origin) validator(verified bool) string {
	if g.ETag != "" && !strings.HasPrefix(g.ETag, "W/") {
		return g.ETag
	}
	if verified {
		return g.LastModified
	}
	return ""
}

// partial returns how many bytes of NAME.part can be continued, and their
// origin: none where they come from elsewhere, or where neither the server nor
// a checksum could tell that the file has changed since.
func (d *download) partial() (int64, origin) {
	info, err := os.Stat(d.part())
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return 0, origin{}
	}
	text, err := readSmall(d.part() + ".json")
	if err != nil {
		return 0, origin{}
	}
	var g origin
	if json.Unmarshal(text, &g) != nil || g.URL != originURL(d.url) || g.Size >= 0 && info.Size() > g.Size {
		return 0, origin{}
	}
	if d.prefix == "" && g.validator(false) == "" {
		return 0, origin{}
	}
	if !isHeaderValue(g.ETag) || !isHeaderValue(g.LastModified) { // no server sent it, and none could be asked with it
		return 0, origin{}
	}
	return info.Size(), g
}

// isHeaderValue reports whether s may stand in a header of HTTP.
func isHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// readSmall reads a file of at most 64 KiB.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<16))
}

func (d *download) part() string { return d.path + ".part" }

// length is how much of the file is there.
func (d *download) length() int64 {
	if info, err := os.Stat(d.part()); err == nil {
		return info.Size()
	}
	return 0
}

// openPart opens NAME.part for writing at offset. At 0 it begins anew, with
// another origin, which is written before the first byte.
func (d *download) openPart(offset int64, g origin) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE
	if offset == 0 {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(d.part(), flags, 0o644)
	if err != nil {
		return nil, err
	}
	if offset == 0 {
		err = atomicfile.Write(d.part()+".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(g) })
	} else {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// discard removes what was downloaded.
func (d *download) discard() error {
	var errs []error
	for _, path := range []string{d.part() + ".json", d.part()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
