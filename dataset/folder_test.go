package dataset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/dataset"
)

// What lies beside class folders takes no label away.
func TestFilesBesideClassFolders(t *testing.T) {
	want := listing{Classes: []string{"cat", "dog"}, Names: []string{"cat/1.png", "dog/1.png"}, Labels: []int{0, 1}, First: []float32{0, 1}}
	cases := map[string]string{ // a file -> part of what is noted
		"x.png":                       "1 file beside the class folders is ignored, as ImageFolder does: x.png",
		"._x.png":                     "beside the class folders",
		"Thumbs.db":                   "Thumbs.db",
		".DS_Store":                   ".DS_Store",
		"README.md":                   "README.md",
		"huge.TIFF":                   "huge.TIFF",
		"cat/._1.png":                 "1 file ._* with attributes of macOS is ignored",
		"cat/animation.gif":           "1 picture of other formats (1 .gif)",
		"dog/deep/er/1.AVIF":          "1 picture of other formats (1 .avif)",
		".ipynb_checkpoints/1.png":    "hidden folders are ignored: .ipynb_checkpoints",
		".git/objects/1.png":          "hidden folders are ignored: .git",
		"__MACOSX/cat/._1.png":        "hidden folders are ignored: __MACOSX",
		"cat/.thumbnails/1.png":       "hidden folders are ignored: .thumbnails",
		"dog/@eaDir/1.jpg/SYNO@.jpg":  "hidden folders are ignored: @eaDir",
		"cat/notes.txt":               "",
		"dog/sub/labels.json":         "",
		"cat/.ipynb_checkpoints/a.md": "hidden",
	}
	for extra, noted := range cases {
		names := []string{"cat/1.png", "dog/1.png", extra}
		root := tree(t, names...)
		archive := write(t, filepath.Join(t.TempDir(), "x.tar"), tarOf(t, names...))
		for _, path := range []string{root, archive} {
			var notes []string
			src := open(t, path, dataset.WithNotes(func(s string) { notes = append(notes, s) }))
			if d := cmp.Diff(want, list(t, src, path)); d != "" {
				t.Errorf("%s in %s: %s", extra, filepath.Base(path), d)
			}
			if path == archive && (noted != "" && !strings.Contains(noted, ".png") || extra == "._x.png" || strings.HasSuffix(extra, ".md")) {
				continue // of an archive, only its images are looked at
			}
			if text := strings.Join(notes, "\n"); !strings.Contains(text, noted) || noted == "" && text != "" {
				t.Errorf("%s in %s: noted %q, want %q", extra, filepath.Base(path), text, noted)
			}
		}
	}
}

// A class folder without images keeps its label, so that the labels behind it stay.
func TestClassWithoutImages(t *testing.T) {
	root := tree(t, "a/1.png", "c/1.png", "x.png")
	for _, empty := range []string{"b", "d"} {
		if err := os.MkdirAll(filepath.Join(root, empty, "deeper"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var notes []string
	src := open(t, root, dataset.WithNotes(func(s string) { notes = append(notes, s) }))
	want := listing{Classes: []string{"a", "b", "c", "d"}, Names: []string{"a/1.png", "c/1.png"}, Labels: []int{0, 2}, First: []float32{0, 1}}
	if d := cmp.Diff(want, list(t, src, root)); d != "" {
		t.Error(d)
	}
	if len(notes) != 2 || !strings.Contains(notes[1], "no image in b, d; each still counts as a class") {
		t.Errorf("%q", notes)
	}
}
