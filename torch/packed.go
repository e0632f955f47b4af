package torch

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/shell"
)

// deepest is how many archives may be nested: model.pth in a tar in a gzip.
const deepest = 3

// magics are the first bytes of what a checkpoint may be packed in.
var magics = []struct{ bytes, name, command string }{
	{"\x1f\x8b", "gzip", ""},
	{"BZh", "bzip2", ""},
	{"\xfd7zXZ\x00", "xz", "xz --decompress --keep"},
	{"\x28\xb5\x2f\xfd", "zstd", "zstd --decompress"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 --decompress"},
	{"7z\xbc\xaf\x27\x1c", "7z", "7z x"},
	{"Rar!\x1a\x07", "rar", "unrar x"},
}

// packing names what the file is packed in, "" for none.
func packing(head []byte) (name, command string) {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.name, m.command
		}
	}
	return "", ""
}

// readCompressed inflates the file into memory and reads what comes out.
func (c *Checkpoint) readCompressed(name, command string, r io.ReaderAt, size int64, depth int) error {
	if command != "" {
		return withRemedy(fmt.Errorf("the file is packed with %s", name), "unpack it first:\n  "+command+" "+shell.Quote(c.name))
	}
	if depth == 0 {
		return fmt.Errorf("more than %d archives within each other", deepest)
	}
	content, err := c.inflate(name, r, size)
	if err != nil {
		return err
	}
	n := int64(len(content))
	c.size = max(c.size, n)
	return c.read(bytes.NewReader(content), n, depth-1)
}

func (c *Checkpoint) inflate(name string, r io.ReaderAt, size int64) ([]byte, error) {
	in := io.Reader(io.NewSectionReader(r, 0, size))
	var hint int64
	if name == "gzip" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("damaged gzip: %w", err)
		}
		in = z
		var last [4]byte // the size, modulo 2^32
		if _, err := r.ReadAt(last[:], size-4); err == nil || err == io.EOF {
			hint = int64(binary.LittleEndian.Uint32(last[:]))
		}
	} else {
		in = bzip2.NewReader(in)
	}
	out := bytes.NewBuffer(make([]byte, 0, min(hint, c.inflatable)+bytes.MinRead))
	n, err := io.Copy(out, io.LimitReader(in, c.inflatable+1))
	if err != nil {
		return nil, withRemedy(fmt.Errorf("damaged %s: %w", name, err), "the file may be cut off: copy or download it again")
	}
	if c.inflatable -= n; c.inflatable < 0 {
		return nil, limitf("the file inflates to more than %d times its size", c.lim.InflateRatio)
	}
	return out.Bytes(), nil
}

// member is a file in a zip or tar that is no archive of torch.
type member struct {
	name string
	open func() (io.ReadCloser, error)      // to look at its beginning
	read func() (io.ReaderAt, int64, error) // all of it
}

// readMember reads the one member that is a checkpoint.
func (c *Checkpoint) readMember(members []member, extract string, depth int) error {
	if depth == 0 {
		return fmt.Errorf("more than %d archives within each other", deepest)
	}
	var names []string
	var fit []member
	for _, m := range members {
		if isJunk(m.name) {
			continue
		}
		names = append(names, m.name)
		if m.looksRight() {
			fit = append(fit, m)
		}
	}
	if named := slices.DeleteFunc(slices.Clone(fit), func(m member) bool { return !checkpointName(m.name) }); len(named) > 0 {
		fit = named
	}
	switch {
	case len(names) == 0:
		return errors.New("the archive is empty")
	case len(fit) == 0:
		return withRemedy(fmt.Errorf("an archive without a checkpoint: it holds %s", someOf(names)), "pack the file of torch.save itself")
	case len(fit) > 1:
		names = nil
		for _, m := range fit {
			names = append(names, m.name)
		}
		return withRemedy(fmt.Errorf("an archive of %d checkpoints: %s", len(fit), someOf(names)),
			"unpack the one that is meant:\n  "+extract+" "+shell.Quote(c.name)+" "+shell.Quote(names[0]))
	}
	r, size, err := fit[0].read()
	if err == nil {
		err = c.read(r, size, depth-1)
	}
	return located(err, "", fit[0].name)
}

// isJunk recognises what macOS and Windows put beside the files.
func isJunk(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, "._") || base == ".DS_Store" || base == "Thumbs.db"
}

func checkpointName(name string) bool {
	return slices.Contains([]string{".pth", ".pt", ".ckpt", ".bin", ".pkl", ".pickle", ".th", ".pyth", ".tar", ".gz", ".tgz", ".weights", ".model"},
		strings.ToLower(path.Ext(name)))
}

// looksRight reports whether the member begins as a checkpoint does.
func (m member) looksRight() bool {
	f, err := m.open()
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(f, head)
	head = head[:n]
	name, _ := packing(head)
	return bytes.HasPrefix(head, []byte("PK")) || isTar(head) || n > 0 && head[0] == opProto || name != ""
}

func isTar(head []byte) bool { return len(head) == 512 && string(head[257:262]) == "ustar" }
