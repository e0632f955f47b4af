package torch

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Script is an opened archive of torch.jit.save. Its pickles are read into inert trees, whose
// modules are *Opaque; its code is text. The elements of its tensors stay in the file until
// LoadTensor asks for them. It is not safe for concurrent use.
type Script struct {
	Root      Value   // the module that was saved
	Constants []Value // CONSTANTS.c0 and so on, in the order of their numbers
	// Inputs are the examples of a traced module, of which the shapes are told; nil of others.
	Inputs Value

	name     string
	archive  *archive
	main     *Checkpoint // data.pkl
	constant *Checkpoint // constants.pkl, whose storages lie beside it
}

// IsScript reports whether the file at path is an archive of torch.jit.save: a zip with a record
// constants.pkl or code.
func IsScript(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular() && IsScriptAt(f, info.Size())
}

// IsScriptAt is IsScript for a file of size bytes that is not on disk.
func IsScriptAt(r io.ReaderAt, size int64) bool {
	head := make([]byte, 2)
	if n, _ := r.ReadAt(head, 0); n < 2 || string(head) != "PK" {
		return false
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(z.File, func(f *zip.File) bool {
		_, rest, ok := strings.Cut(f.Name, "/")
		return ok && IsScriptRecord(rest)
	})
}

// IsScriptRecord reports whether only torch.jit.save writes a record of that name, which is without
// the top folder.
func IsScriptRecord(name string) bool {
	return name == "constants.pkl" || strings.HasPrefix(name, "code/")
}

// ReadScript reads an archive of torch.jit.save, of size bytes; name stands for the file in errors,
// which are *Error. r must stay readable as long as the Script is used.
func ReadScript(r io.ReaderAt, size int64, name string, opts ...Option) (*Script, error) {
	s := &Script{name: name}
	if err := s.read(r, size, opts); err != nil {
		return nil, located(err, name, "")
	}
	return s, nil
}

func (s *Script) read(r io.ReaderAt, size int64, opts []Option) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return withRemedy(fmt.Errorf("damaged zip: %w", err), "the file may be cut off: copy or download it again")
	}
	c := &Checkpoint{name: s.name, size: size, format: "zip"}
	for _, o := range opts {
		o(&c.lim)
	}
	c.lim = c.lim.withDefaults()
	c.inflatable = 1<<20 + c.lim.InflateRatio*min(size, 1<<40)
	files, err := c.checkZip(z, size)
	if err != nil {
		return err
	}
	for _, f := range files {
		c.size = max(c.size, int64(f.UncompressedSize64))
	}
	if s.archive, err = newArchive(r, files); err != nil {
		return err
	}
	version := "version"
	if s.archive.records[".data/version"] != nil { // of code with operators that are newer than the format
		version = ".data/version"
	}
	if err := s.archive.checkVersionIn(version); err != nil {
		return err
	}
	if c.bigEndian, err = s.archive.bigEndian(); err != nil {
		return err
	}
	s.main = c
	if s.Root, err = s.pickle(c, "data.pkl", "data/"); err != nil {
		return err
	}
	s.constant = &Checkpoint{name: s.name, size: c.size, format: "zip", lim: c.lim, bigEndian: c.bigEndian}
	if s.archive.records["constants.pkl"] != nil {
		constants, err := s.pickle(s.constant, "constants.pkl", "constants/")
		if err != nil {
			return err
		}
		list, ok := constants.(*List)
		if !ok {
			return &Error{Record: "constants.pkl", Err: fmt.Errorf("%s, expected a tuple", constants.kind())}
		}
		s.Constants = list.Items
	}
	if s.archive.records["traced_inputs.pkl"] != nil { // their elements are not in the file
		inputs := &Checkpoint{name: s.name, size: c.size, format: "zip", lim: c.lim}
		if s.Inputs, err = s.pickle(inputs, "traced_inputs.pkl", ""); err != nil {
			return err
		}
	}
	return nil
}

// pickle reads a pickle whose storages are records that begin with prefix; with an empty prefix
// they are left out.
func (s *Script) pickle(c *Checkpoint, record, prefix string) (Value, error) {
	data, err := s.archive.read(record, c.lim.PickleBytes)
	if err != nil {
		return nil, located(err, "", record)
	}
	root, err := unpickle(bytesCursor(data), c.lim, c.storages.persistentID)
	if err != nil {
		return nil, located(err, "", record)
	}
	for _, st := range c.storages.order {
		if prefix == "" {
			break
		}
		if err := s.archive.attachAs(prefix+st.Key, st); err != nil {
			return nil, located(err, "", prefix+st.Key)
		}
	}
	return root, nil
}

// Name is the name of the file.
func (s *Script) Name() string { return s.name }

// Record returns a whole record of at most limit bytes; ok is false where there is none. Names
// are without the top folder: code/__torch__.py.
func (s *Script) Record(name string, limit int64) (data []byte, ok bool, err error) {
	if s.archive.records[name] == nil {
		return nil, false, nil
	}
	data, err = s.archive.read(name, limit)
	return data, true, located(err, s.name, name)
}

// LoadTensor reads the elements of a tensor of Root, or, if ofConstants, of Constants.
func (s *Script) LoadTensor(t *Tensor, ofConstants bool) error {
	c := s.main
	if ofConstants {
		c = s.constant
	}
	if len(t.Shape()) > c.lim.Rank {
		return &Error{File: s.name, Err: fmt.Errorf("%w: a tensor of %d axes", ErrLimit, len(t.Shape()))}
	}
	return located(c.load([]*Tensor{t}), s.name, "")
}
