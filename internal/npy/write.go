package npy

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/octet-ml/octet/tensor"
)

// Write writes t as numpy.save does: version 1, little-endian, row-major.
// Quantized types, bfloat16, float8 and complex tensors have no place in the
// format and are an error.
func Write(w io.Writer, t *tensor.Tensor) error {
	head, err := headerText(t.DType(), t.Shape())
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err = w.Write(t.Bytes())
	return err
}

// WriteFile writes t to a temporary file beside path, syncs it and renames it:
// whatever happens, path holds its old content or the whole array.
func WriteFile(path string, t *tensor.Tensor) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	if err := Write(f, t); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
