package torch

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// archive is a zip of torch.save: records below one top folder.
type archive struct {
	root    string
	records map[string]*zip.File // by name without the top folder
	r       io.ReaderAt
}

// readZip reads a zip of torch.save, or the one checkpoint in a plain zip.
func (c *Checkpoint) readZip(r io.ReaderAt, size int64, depth int) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return withRemedy(fmt.Errorf("damaged zip: %w", err), "the file may be cut off: copy or download it again")
	}
	files, err := c.checkZip(z, size)
	if err != nil {
		return err
	}
	var content int64 // admitted by checkZip, so tensors of this size are no surprise
	for _, f := range files {
		content += int64(f.UncompressedSize64)
	}
	c.size = max(c.size, content)
	if isPlainZip(files) {
		return c.readPlainZip(r, files, depth)
	}
	a, err := newArchive(r, files)
	if err != nil {
		return err
	}
	c.format = "zip"
	return c.readArchive(a)
}

// checkZip applies the rules that archive/zip does not: names, duplicates,
// encryption, methods, overlaps, sizes. Folders are left out of the result.
func (c *Checkpoint) checkZip(z *zip.Reader, size int64) ([]*zip.File, error) {
	if len(z.File) > c.lim.Records {
		return nil, limitf("%d records in the zip", len(z.File))
	}
	type span struct{ from, to int64 }
	var files []*zip.File
	var spans []span
	names := map[string]bool{}
	for _, f := range z.File {
		bad := func(format string, args ...any) error {
			return &Error{Record: f.Name, Err: fmt.Errorf(format, args...)}
		}
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
			continue
		}
		if err := checkRecordName(f.Name); err != nil {
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
			if c.inflatable -= int64(f.UncompressedSize64); c.inflatable < 0 {
				return nil, limitf("compressed records inflate to more than %d times the file", c.lim.InflateRatio)
			}
		default:
			return nil, bad("compression method %d; torch.save stores records", f.Method)
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

// checkRecordName accepts relative slash-separated names only. No name is ever
// used as a path of this machine, so a colon is as good as a letter; a file with
// other names was not made by torch.
func checkRecordName(name string) error {
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

// newArchive removes the top folder from the names.
func newArchive(r io.ReaderAt, files []*zip.File) (*archive, error) {
	a := &archive{records: map[string]*zip.File{}, r: r}
	for _, f := range files {
		root, rest, ok := strings.Cut(f.Name, "/")
		if !ok || a.root != "" && root != a.root {
			return nil, &Error{Record: f.Name, Err: fmt.Errorf("not below the one top folder %q; no file of torch.save", a.root)}
		}
		a.root = root
		a.records[rest] = f
	}
	return a, nil
}

// readArchive reads the pickle and finds the storages it names.
func (c *Checkpoint) readArchive(a *archive) error {
	if err := a.refusePrograms(c.stem()); err != nil {
		return err
	}
	if err := a.checkVersion(); err != nil {
		return err
	}
	order, err := a.read("byteorder", 16)
	switch {
	case errors.Is(err, errMissing) || err == nil && string(order) == "little":
	case err == nil && string(order) == "big":
		c.bigEndian = true
	case err == nil:
		err = fmt.Errorf("byte order %q, expected little or big", order)
		fallthrough
	default:
		return located(err, "", "byteorder")
	}
	pickle, err := a.read("data.pkl", c.lim.PickleBytes)
	if err == nil {
		c.root, err = unpickle(bytesCursor(pickle), c.lim, c.storages.persistentID)
	}
	if err != nil {
		return located(err, "", "data.pkl")
	}
	for _, st := range c.storages.order {
		if err := a.attach(st); err != nil {
			return located(err, "", "data/"+st.Key)
		}
	}
	return c.findExtra(a)
}

// refusePrograms recognises TorchScript and torch.export archives.
func (a *archive) refusePrograms(stem string) error {
	for name := range a.records {
		if name == "constants.pkl" || strings.HasPrefix(name, "code/") {
			return withRemedy(fmt.Errorf("%w: it was written by torch.jit.save (TorchScript)", ErrTorchScript),
				fmt.Sprintf(`save its weights in Python: torch.save(torch.jit.load(%q).state_dict(), "model_state.pth")`, stem+".pt"))
		}
		if name == "archive_format" || name == "models/model.json" {
			return withRemedy(fmt.Errorf("%w: it was written by torch.export.save", ErrTorchScript),
				fmt.Sprintf(`save its weights in Python: torch.save(torch.export.load(%q).state_dict, "model_state.pth")`, stem+".pt2"))
		}
	}
	return nil
}

func (a *archive) checkVersion() error {
	b, err := a.read("version", 16)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(strings.TrimSpace(string(b))); err != nil || n < 1 || n > 10 {
			err = fmt.Errorf("file version %q, expected 1 to 10", b)
		}
	}
	return located(err, "", "version")
}

// attach checks the record of a storage, and makes the storage read from it.
func (a *archive) attach(st *Storage) error {
	f := a.records["data/"+st.Key]
	if f == nil {
		return errMissing
	}
	if storageClasses[st.class].size == 0 {
		return nil // packed below a byte: never read
	}
	if int64(f.UncompressedSize64) != st.Bytes {
		return fmt.Errorf("%d bytes, expected %d for %d elements of %s", f.UncompressedSize64, st.Bytes, st.numel, st.class)
	}
	st.open = f.Open
	return nil
}

// findExtra notes the JSON records at the top, which are not torch's.
func (c *Checkpoint) findExtra(a *archive) error {
	var total int64
	for name, f := range a.records {
		if strings.Contains(name, "/") || !strings.HasSuffix(name, ".json") {
			continue
		}
		if total += int64(f.UncompressedSize64); total > c.lim.ExtraBytes {
			return limitf("extra records of more than %d bytes", c.lim.ExtraBytes)
		}
		c.extra[name] = func() ([]byte, error) { return a.read(name, c.lim.ExtraBytes) }
	}
	return nil
}

// read returns a whole record of at most limit bytes, checksum verified.
func (a *archive) read(name string, limit int64) ([]byte, error) {
	f := a.records[name]
	if f == nil {
		return nil, errMissing
	}
	if int64(f.UncompressedSize64) > limit {
		return nil, limitf("%d bytes, at most %d are read", f.UncompressedSize64, limit)
	}
	st := Storage{Key: name, Bytes: int64(f.UncompressedSize64), open: f.Open}
	b := make([]byte, st.Bytes)
	return b, st.readInto(b)
}

// isPlainZip reports whether the zip holds files, not the records of torch.
func isPlainZip(files []*zip.File) bool {
	return !slices.ContainsFunc(files, func(f *zip.File) bool {
		_, name, _ := strings.Cut(f.Name, "/")
		return slices.Contains([]string{"data.pkl", "version", ".data/version", "constants.pkl", "archive_format", "models/model.json"}, name)
	})
}

// readPlainZip reads a checkpoint that was packed, as old model hubs served them.
func (c *Checkpoint) readPlainZip(r io.ReaderAt, files []*zip.File, depth int) error {
	var all []member
	for _, f := range files {
		n := int64(f.UncompressedSize64)
		all = append(all, member{f.Name, f.Open, func() (io.ReaderAt, int64, error) {
			if f.Method == zip.Store {
				at, err := f.DataOffset()
				return io.NewSectionReader(r, at, n), n, err
			}
			a := archive{records: map[string]*zip.File{f.Name: f}}
			b, err := a.read(f.Name, n) // checkZip has bounded n
			return bytes.NewReader(b), n, err
		}})
	}
	return c.readMember(all, "unzip", depth)
}
