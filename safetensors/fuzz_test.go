package safetensors

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead: no input may make the reader panic, and what it accepts it can write
// and read again.
func FuzzRead(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*/*.safetensors")
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Read(bytes.NewReader(b), int64(len(b)), "fuzz")
		if err != nil {
			return
		}
		checkRoundTrip(t, file)
	})
}
