package vision_test

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/vision"
)

// formatFiles are the files of tools/golden/formats.py.
func formatFiles(t testing.TB) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join("testdata", "formats.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return files
}

// What PIL reads, sound or damaged, gives its pixels; what it refuses is refused.
func TestEveryFormatEqualsPIL(t *testing.T) {
	files := formatFiles(t)
	var results map[string]*struct {
		Shape  [3]int
		SHA256 string
	}
	if err := json.Unmarshal(files["results.json"], &results); err != nil {
		t.Fatal(err)
	}
	if len(results) < 150 || len(results) != len(files)-1 {
		t.Fatalf("%d results of %d files", len(results), len(files)-1)
	}
	read, damaged, guessed := 0, 0, 0
	for name, want := range results {
		m, err := vision.Decode(files[name])
		switch {
		case want == nil && err == nil:
			t.Errorf("%s: PIL refuses it, octet reads %d x %d pixels", name, m.Width, m.Height)
		case want == nil:
		case err != nil && strings.HasPrefix(name, "progressive") && strings.Contains(err.Error(), "guess"):
			guessed++ // PIL smooths what is coarse
		case err != nil && strings.HasSuffix(name, "_no_end.jpg"):
			guessed++ // PIL reads some of them, by how far it has looked ahead
		case err != nil:
			t.Errorf("%s: %v; PIL reads it", name, err)
		case [3]int{m.Height, m.Width, 3} != want.Shape || hash(m.Pix) != want.SHA256:
			t.Errorf("%s: %d x %d pixels differ from PIL's %v", name, m.Height, m.Width, want.Shape)
		default:
			read++
			_, err := vision.Decoder{Strict: true}.Decode(files[name])
			if (err != nil) != (m.Damage != "") || err != nil && !errors.Is(err, vision.ErrDamaged) {
				t.Errorf("%s: damage %q, strict: %v", name, m.Damage, err)
			}
			if m.Damage != "" {
				damaged++
			}
		}
	}
	if read < 700 || damaged < 100 || guessed > 10 {
		t.Errorf("%d files read, %d of them damaged; %d are coarse", read, damaged, guessed)
	}
}

// FuzzFormats begins with the files of every format.
func FuzzFormats(f *testing.F) {
	for name, b := range formatFiles(f) {
		if name != "results.json" {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := vision.Decoder{MaxPixels: 1 << 14}.Decode(b)
		if err == nil && (m.Width < 1 || m.Height < 1 || m.Width*m.Height > 1<<14 || len(m.Pix) != 3*m.Width*m.Height) {
			t.Fatalf("%d x %d pixels in %d bytes", m.Width, m.Height, len(m.Pix))
		}
	})
}
