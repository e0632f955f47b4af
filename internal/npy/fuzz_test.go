package npy

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

func seeds(f *testing.F, pattern string) {
	paths, err := filepath.Glob(golden(pattern))
	if err != nil || len(paths) == 0 {
		f.Fatal(paths, err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// Whatever is read is written and read again to the same array.
func FuzzRead(f *testing.F) {
	seeds(f, "*.npy")
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		var w bytes.Buffer
		if err := Write(&w, a); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&w)
		if err != nil {
			t.Fatal(err)
		}
		if a.DType() != again.DType() || !a.Shape().Equal(again.Shape()) || !bytes.Equal(a.Bytes(), again.Bytes()) {
			t.Fatalf("%v became %v", a, again)
		}
	})
}

func FuzzReadNPZ(f *testing.F) {
	seeds(f, "*.npz")
	f.Fuzz(func(t *testing.T, b []byte) {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		out, err := readNPZ(z, nil)
		if err == nil && (len(out.Names) == 0 || out.Arrays[out.Names[0]].DType() == tensor.Invalid) {
			t.Fatal("an archive without arrays was accepted")
		}
	})
}
