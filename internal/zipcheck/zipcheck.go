package zipcheck

import (
	"archive/zip"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Error says what is wrong with one record.
type Error struct {
	Record string // its name, as the zip has it
	Err    error  // what was expected and what was found
}

func (e *Error) Error() string { return fmt.Sprintf("record %q: %v", e.Record, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// LimitError says which of the caller's limits a zip is beyond.
type LimitError struct {
	What string // such as: 70000 records in the zip
}

func (e *LimitError) Error() string { return e.What }

// Limits bound what a zip may hold.
type Limits struct {
	Records      int    // at most so many
	InflateRatio int64  // how many times the file Inflatable is, for messages
	Inflatable   *int64 // bytes to which compressed records may still inflate; Files reduces it
}

// Files applies the rules that archive/zip does not, to a zip in size bytes. Folders are left out
// of the result.
func Files(z *zip.Reader, size int64, lim Limits) ([]*zip.File, error) {
	if len(z.File) > lim.Records {
		return nil, &LimitError{fmt.Sprintf("%d records in the zip", len(z.File))}
	}
	type span struct{ from, to int64 }
	var files []*zip.File
	var spans []span
	names := map[string]bool{}
	for _, f := range z.File {
		bad := func(format string, args ...any) error { return &Error{f.Name, fmt.Errorf(format, args...)} }
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
			continue
		}
		if err := CheckName(f.Name); err != nil {
			return nil, bad("%w", err)
		}
		if names[f.Name] {
			return nil, bad("the name occurs twice")
		}
		names[f.Name] = true
		if f.Flags&1 != 0 {
			return nil, bad("the record is encrypted")
		}
		if f.UncompressedSize64 > 1<<62 || f.CompressedSize64 > 1<<62 {
			return nil, bad("a size of %d bytes", max(f.UncompressedSize64, f.CompressedSize64))
		}
		switch f.Method {
		case zip.Store:
			if f.CompressedSize64 != f.UncompressedSize64 {
				return nil, bad("stored, but %d bytes become %d", f.CompressedSize64, f.UncompressedSize64)
			}
		case zip.Deflate:
			// Sums cannot overflow: they stop at the first size beyond the limit.
			if *lim.Inflatable -= int64(f.UncompressedSize64); *lim.Inflatable < 0 {
				return nil, &LimitError{fmt.Sprintf("compressed records inflate to more than %d times the file", lim.InflateRatio)}
			}
		default:
			return nil, bad("compression method %d; PyTorch stores records", f.Method)
		}
		at, err := f.DataOffset()
		if err != nil {
			return nil, bad("%w", err)
		}
		if int64(f.CompressedSize64) > size-at {
			return nil, bad("%d bytes at offset %d of a file of %d", f.CompressedSize64, at, size)
		}
		spans = append(spans, span{at, at + int64(f.CompressedSize64)})
		files = append(files, f)
	}
	slices.SortFunc(spans, func(a, b span) int { return int(min(max(a.from-b.from, -1), 1)) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return nil, errors.New("records of the zip overlap")
		}
	}
	return files, nil
}

// CheckName accepts relative slash-separated names only. No name is ever used as a path of
// this machine, so a colon is as good as a letter; a file with other names was not made by
// PyTorch.
func CheckName(name string) error {
	if name == "" || strings.ContainsAny(name, "\\\x00") || path.IsAbs(name) {
		return errors.New("not a relative record name")
	}
	for _, part := range strings.Split(name, "/") {
		if part == ".." || part == "." || part == "" {
			return fmt.Errorf("the record name has a part %q", part)
		}
	}
	return nil
}
