package npy

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// Read reads one array and leaves r behind its last element. An input whose
// length can be asked (a regular file, a bytes.Reader) is checked before the
// elements are allocated; from any other input, memory grows only as data
// arrives.
func Read(r io.Reader) (*tensor.Tensor, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	raw, err := readExactly(r, h.bytes)
	if err != nil {
		return nil, fmt.Errorf("%v%v: %w", h.DType, h.Shape, err)
	}
	return h.tensor(raw)
}

// ReadFile reads the array in a file. Errors name the file.
func ReadFile(path string) (*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// readExactly reads n bytes, never allocating much more than r delivers.
func readExactly(r io.Reader, n int64) ([]byte, error) {
	if have, known := remaining(r); known {
		if have < n {
			return nil, fmt.Errorf("the elements need %d bytes, but only %d follow the header; is the file cut off?", n, have)
		}
		raw := make([]byte, n)
		_, err := io.ReadFull(r, raw)
		return raw, err
	}
	var b bytes.Buffer
	got, err := io.CopyN(&b, r, n)
	if err == io.EOF {
		return nil, fmt.Errorf("the elements need %d bytes, but only %d follow the header; is the file cut off?", n, got)
	}
	return b.Bytes(), err
}

// remaining returns how much is left to read, where that can be known.
func remaining(r io.Reader) (int64, bool) {
	switch r := r.(type) {
	case interface{ Len() int }:
		return int64(r.Len()), true
	case *os.File:
		info, err := r.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return 0, false
		}
		at, err := r.Seek(0, io.SeekCurrent)
		return info.Size() - at, err == nil
	}
	return 0, false
}

// tensor turns the bytes of the file, which it may change, into a tensor.
func (h Header) tensor(raw []byte) (*tensor.Tensor, error) {
	if h.Big {
		size := h.DType.Size()
		for i := 0; i < len(raw); i += size {
			slices.Reverse(raw[i : i+size])
		}
	}
	if h.Fortran && len(h.Shape) > 1 {
		raw = rowMajor(raw, h.Shape, h.DType.Size())
	}
	if h.DType == tensor.Bool {
		for i, v := range raw {
			raw[i] = min(v, 1)
		}
	}
	return tensor.FromBytes(h.DType, nil, h.Shape, raw)
}

// rowMajor reorders column-major elements of size bytes.
func rowMajor(raw []byte, shape tensor.Shape, size int) []byte {
	strides := make([]int, len(shape)) // of the source, in bytes
	step := size
	for i, d := range shape {
		strides[i] = step
		step *= d
	}
	out := make([]byte, 0, len(raw))
	index := make([]int, len(shape))
	src := 0
	for len(out) < len(raw) {
		out = append(out, raw[src:src+size]...)
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis]++
			src += strides[axis]
			if index[axis] < shape[axis] {
				break
			}
			src -= index[axis] * strides[axis]
			index[axis] = 0
		}
	}
	return out
}
