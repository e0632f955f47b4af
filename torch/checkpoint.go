package torch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Checkpoint is an opened file of torch.save. The tree is in memory, the
// elements of its tensors stay in the file until StateDict or Load asks for them.
// It is not safe for concurrent use.
type Checkpoint struct {
	name       string
	size       int64
	format     string
	lim        Limits
	inflatable int64 // bytes that that may still be inflated from the file
	root       Value
	storages   storages
	bigEndian  bool
	extra      map[string]func() ([]byte, error)
	closer     io.Closer
	opened     bool // root is from withObjectsOpened
	inFile     bool // large quantized weights are left there
}

// LeaveInFile has StateDict leave the elements of large quantized weights in the file until
// something asks for them; until then the file must not change. Close then does nothing: the
// file is closed once nothing refers to it.
func (c *Checkpoint) LeaveInFile() {
	c.inFile = true
	c.closer = nil
}

// Open reads the file at path: a zip, a legacy stream, a tar of the first versions, or one such
// file in a zip, tar, gzip or bzip2. It keeps the file open; close the Checkpoint once the
// state dicts you want are loaded. Errors are *Error and match the Err variables.
func Open(path string, opts ...Option) (*Checkpoint, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &Error{File: path, Err: errors.New("a folder, expected a file of torch.save")}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	c, err := Read(f, info.Size(), path, opts...)
	if err != nil {
		f.Close()
		return nil, err
	}
	c.closer = f
	return c, nil
}

// Load is Open, StateDict(key) and Close.
func Load(path, key string, opts ...Option) (*StateDict, error) {
	c, err := Open(path, opts...)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.StateDict(key)
}

// Read reads a checkpoint of size bytes from r; name stands for the file in
// errors. r must stay readable as long as the Checkpoint is used.
func Read(r io.ReaderAt, size int64, name string, opts ...Option) (*Checkpoint, error) {
	c := &Checkpoint{name: name, size: size, extra: map[string]func() ([]byte, error){}}
	for _, o := range opts {
		o(&c.lim)
	}
	c.lim = c.lim.withDefaults()
	c.inflatable = 1<<20 + c.lim.InflateRatio*min(size, 1<<40)
	if err := c.read(r, size, deepest); err != nil {
		return nil, located(err, name, "")
	}
	err := checkTree(c.root, c.lim)
	if err == nil {
		err = c.openObjects()
	}
	if err != nil {
		return nil, located(err, name, "")
	}
	return c, nil
}

// read detects the container by its first bytes.
func (c *Checkpoint) read(r io.ReaderAt, size int64, depth int) error {
	head := make([]byte, min(size, 512))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return err
	}
	pack, command := packing(head)
	switch {
	case size == 0:
		return errors.New("the file is empty")
	case bytes.HasPrefix(head, []byte("PK")):
		return c.readZip(r, size, depth)
	case isTar(head):
		return c.readTar(r, size, depth)
	case head[0] == opProto:
		return c.readLegacy(r, size)
	case pack != "":
		return c.readCompressed(pack, command, r, size, depth)
	case bytes.HasPrefix(head, []byte("version https://git-lfs")):
		return withRemedy(errors.New("a Git LFS pointer, not the file itself"), "fetch it with: git lfs pull")
	case size > 8 && head[8] == '{':
		return withRemedy(errors.New("a safetensors file, expected a file of torch.save"), "give it the extension .safetensors")
	}
	return withRemedy(errors.New("not a file of torch.save: neither zip, pickle nor tar"), "the download may be an error page or incomplete")
}

// Root returns the inert tree of what was saved.
func (c *Checkpoint) Root() Value { return c.root }

// Name returns the name the checkpoint was opened with.
func (c *Checkpoint) Name() string { return c.name }

// Format returns "zip", "legacy" or "tar".
func (c *Checkpoint) Format() string { return c.format }

// Close releases the file. The loaded state dicts stay valid.
func (c *Checkpoint) Close() error {
	if c.closer == nil {
		return nil
	}
	err := c.closer.Close()
	c.closer = nil
	return err
}

// LoadTensor reads the elements of one tensor of the tree into t.Data.
func (c *Checkpoint) LoadTensor(t *Tensor) error {
	return located(c.load([]*Tensor{t}), c.name, "")
}

// ExtraRecords lists the JSON records that lie beside the pickle, sorted.
// PyTorch ignores them; octet keeps architecture, numerics and labels in one.
func (c *Checkpoint) ExtraRecords() []string {
	names := make([]string, 0, len(c.extra))
	for n := range c.extra {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Extra reads one of the ExtraRecords.
func (c *Checkpoint) Extra(name string) ([]byte, error) {
	open, ok := c.extra[name]
	if !ok {
		return nil, &Error{File: c.name, Record: name, Err: errors.New("no such record")}
	}
	b, err := open()
	return b, located(err, c.name, name)
}

// recordOf names the part of the file that holds a storage.
func (c *Checkpoint) recordOf(s *Storage) string {
	if c.format == "zip" {
		return "data/" + s.Key
	}
	return "storage " + s.Key
}

// stem is the name of the file without folder and extension.
func (c *Checkpoint) stem() string {
	base := filepath.Base(c.name)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

var errMissing = errors.New("the record is missing")

func limitf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrLimit}, args...)...)
}
