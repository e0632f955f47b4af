package torch

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/internal/zipcheck"
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

// checkZip judges the directory of a zip. Folders are left out of the result.
func (c *Checkpoint) checkZip(z *zip.Reader, size int64) ([]*zip.File, error) {
	files, err := zipcheck.Files(z, size, zipcheck.Limits{Records: c.lim.Records, InflateRatio: c.lim.InflateRatio, Inflatable: &c.inflatable})
	var record *zipcheck.Error
	var limit *zipcheck.LimitError
	switch {
	case errors.As(err, &record):
		return nil, &Error{Record: record.Record, Err: record.Err}
	case errors.As(err, &limit):
		return nil, limitf("%w", limit)
	}
	return files, err
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
	var err error
	if c.bigEndian, err = a.bigEndian(); err != nil {
		return err
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
		if IsScriptRecord(name) {
			return withRemedy(fmt.Errorf("%w: it was written by torch.jit.save (TorchScript)", ErrTorchScript),
				fmt.Sprintf(`octet reads it as a model; to have its weights alone, save them in Python: torch.save(torch.jit.load(%q).state_dict(), "model_state.pth")`, stem+".pt"))
		}
		if name == "archive_format" || name == "models/model.json" {
			return withRemedy(fmt.Errorf("%w: it was written by torch.export.save", ErrTorchScript),
				fmt.Sprintf("such programs are read by the ending of their names: rename it to %s.pt2", stem))
		}
	}
	return nil
}

func (a *archive) checkVersion() error { return a.checkVersionIn("version") }

// checkVersionIn is checkVersion for a version that another record tells.
func (a *archive) checkVersionIn(record string) error {
	b, err := a.read(record, 16)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(strings.TrimSpace(string(b))); err != nil || n < 1 || n > 10 {
			err = fmt.Errorf("file version %q, expected 1 to 10", b)
		}
	}
	return located(err, "", record)
}

// bigEndian reports whether the numbers of storages begin with their highest byte.
func (a *archive) bigEndian() (bool, error) {
	order, err := a.read("byteorder", 16)
	switch {
	case errors.Is(err, errMissing) || err == nil && string(order) == "little":
		return false, nil
	case err == nil && string(order) == "big":
		return true, nil
	case err == nil:
		err = fmt.Errorf("byte order %q, expected little or big", order)
	}
	return false, located(err, "", "byteorder")
}

// attach checks the record of a storage, and makes the storage read from it.
func (a *archive) attach(st *Storage) error { return a.attachAs("data/"+st.Key, st) }

// attachAs is attach for a storage whose record has another name.
func (a *archive) attachAs(record string, st *Storage) error {
	f := a.records[record]
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
