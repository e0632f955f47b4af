package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/octet-ml/octet/tensor"
)

// Open reads the file at path. Errors name the file, and the tensor where one is
// at fault.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return Read(f, info.Size(), path)
}

// Read reads a file of size bytes from r; name stands for it in errors.
func Read(r io.ReaderAt, size int64, name string) (*File, error) {
	f, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

func read(r io.ReaderAt, size int64) (*File, error) {
	if size < 8 {
		return nil, fmt.Errorf("%d bytes are no safetensors file", size)
	}
	var prefix [8]byte
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, 8), prefix[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("a header of %d bytes in a file of %d: no safetensors file, or cut off", n, size)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), header); err != nil {
		return nil, err
	}
	start := 8 + int64(n)
	entries, metadata, err := parseHeader(header, size-start)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	f := &File{Metadata: metadata}
	for _, e := range entries {
		t, err := tensor.Decode(e.dtype, nil, e.shape, func(raw []byte) error {
			_, err := io.ReadFull(io.NewSectionReader(r, start+e.begin, e.end-e.begin), raw)
			if errors.Is(err, io.EOF) && len(raw) == 0 {
				err = nil
			}
			if e.dtype == tensor.Bool {
				for i, b := range raw {
					if b > 1 {
						raw[i] = 1
					}
				}
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		f.Set(e.name, t)
	}
	return f, nil
}
