package npy

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/octet-ml/octet/tensor"
)

// File is an open .npy file whose rows are read on demand, so that it may be
// larger than memory. It is safe for concurrent use.
type File struct {
	Header
	path string
	f    *os.File
	data int64 // offset of the first element
}

// Open reads the header of the array at path and checks that the file holds
// all its elements. Close it after use.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	file, err := open(path, f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

func open(path string, f *os.File) (*File, error) {
	h, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	if have, known := remaining(f); !known {
		return nil, errors.New("rows can be read only from a regular file")
	} else if have < h.bytes {
		return nil, fmt.Errorf("%v%v needs %d bytes, but only %d follow the header; is the file cut off?", h.DType, h.Shape, h.bytes, have)
	}
	return &File{Header: h, path: path, f: f, data: at}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// Rows reads rows i to i+n-1 along axis 0: a tensor of shape [n, Shape[1:]...].
// The array must be row-major and have at least one axis.
func (f *File) Rows(i, n int) (*tensor.Tensor, error) {
	if len(f.Shape) == 0 {
		return nil, fmt.Errorf("%s: a scalar has no rows", f.path)
	}
	if f.Fortran && len(f.Shape) > 1 {
		return nil, fmt.Errorf("%s: the array is in Fortran order, whose rows are scattered; save numpy.ascontiguousarray(x)", f.path)
	}
	if i < 0 || n < 0 || i > f.Shape[0] || n > f.Shape[0]-i {
		return nil, fmt.Errorf("%s: rows %d to %d of %d were asked for", f.path, i, i+n-1, f.Shape[0])
	}
	h := f.Header
	h.Shape = f.Shape.Clone()
	h.Shape[0] = n
	row := int64(h.Shape[1:].Numel()) * int64(h.DType.Size())
	raw := make([]byte, int64(n)*row)
	if _, err := f.f.ReadAt(raw, f.data+int64(i)*row); err != nil {
		return nil, fmt.Errorf("%s: rows %d to %d: %w", f.path, i, i+n-1, err)
	}
	return h.tensor(raw)
}
