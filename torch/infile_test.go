package torch

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

// largeWeights writes a file with two int8 weights, one of them channels-last.
func largeWeights(t *testing.T) (path string, codes []int8) {
	t.Helper()
	shape := tensor.Shape{64, 32, 3, 3}
	codes = make([]int8, shape.Numel())
	for i := range codes {
		codes[i] = int8(i*7 + i/200)
	}
	sd := &StateDict{}
	sd.Set("rows.weight", NewTensor(tensor.OfQuantized(codes, tensor.Affine(0.25, 0), 576, 32)))
	last := NewTensor(tensor.OfQuantized(codes, tensor.Affine(0.5, 0), shape...))
	last.Strides = []int{288, 1, 96, 32}
	sd.Set("last.weight", last)
	path = filepath.Join(t.TempDir(), "weights.pth")
	if err := Save(path, sd); err != nil {
		t.Fatal(err)
	}
	return path, codes
}

func openInFile(t *testing.T, path string) *StateDict {
	t.Helper()
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	c.LeaveInFile()
	sd, err := c.StateDict("")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return sd
}

func TestWeightsLeftInTheFile(t *testing.T) {
	path, codes := largeWeights(t)
	sd := openInFile(t, path)
	for _, name := range []string{"rows.weight", "last.weight"} {
		v, _ := sd.Entry(name)
		data := v.(*Tensor).Data
		if got := data.Int8s(); !slices.Equal(got, codes) {
			t.Errorf("%s: other codes", name)
		}
	}
}

// A file that shrinks or changes while weights are left in it gives an error that
// names it, not other weights.
func TestFilesThatChangeUnderWeights(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"truncated": func(path string) error { return os.Truncate(path, 100) },
		"overwritten": func(path string) error {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for i := range raw {
				raw[i] ^= 1
			}
			f, err := os.OpenFile(path, os.O_WRONLY, 0) // in place
			if err != nil {
				return err
			}
			_, err = f.Write(raw)
			return errors.Join(err, f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, _ := largeWeights(t)
			sd := openInFile(t, path)
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			v, _ := sd.Entry("rows.weight")
			var e *Error
			err := v.(*Tensor).Data.Load()
			if !errors.As(err, &e) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "data/") {
				t.Errorf("error %v", err)
			}
		})
	}
}
