package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// extensions are the file names' endings, in lower case, that torchvision's
// ImageFolder takes for images.
var extensions = []string{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}

// foreign are endings of pictures that ImageFolder does not take for images. They
// are counted, so that a set that is smaller than it looks does not surprise.
var foreign = []string{
	".gif", ".avif", ".jxl", ".heic", ".heif", ".jfif", ".jpe", ".jp2", ".j2k", ".pbm", ".pnm", ".pam", ".pfm", ".tga", ".psd", ".ico",
	".svg", ".exr", ".hdr", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw",
}

func isImageFile(name string) bool {
	name = strings.ToLower(name)
	return !isShadow(name) && slices.ContainsFunc(extensions, func(e string) bool { return strings.HasSuffix(name, e) })
}

// isShadow reports whether a file is what macOS writes beside x.jpg, ._x.jpg: the
// attributes of x.jpg on file systems that have none.
func isShadow(name string) bool { return strings.HasPrefix(filepath.Base(name), "._") }

// isHidden reports whether a folder is one that systems and tools keep for
// themselves, such as .ipynb_checkpoints, with copies of what lies beside it.
func isHidden(folder string) bool {
	name := filepath.Base(folder)
	return strings.HasPrefix(name, ".") || name == "__MACOSX" || name == "@eaDir"
}

// finder is what a search of folders has found.
type finder struct {
	images  []string
	foreign map[string]int // pictures of other formats, by their ending
	shadows int
	hidden  []string
}

// search finds the images in root and its folders. They are ordered by the whole
// path of their folder as text, and in each by name.
func search(root string) (*finder, error) {
	f := &finder{}
	if err := f.walk(root, nil); err != nil {
		return nil, err
	}
	slices.SortFunc(f.images, byFolder)
	return f, nil
}

func byFolder(a, b string) int {
	return cmp.Or(cmp.Compare(filepath.Dir(a), filepath.Dir(b)), cmp.Compare(a, b))
}

// walk follows symbolic links, but not into a folder that it is already in.
func (f *finder) walk(folder string, above []os.FileInfo) error {
	self, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(above, func(a os.FileInfo) bool { return os.SameFile(a, self) }) {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if !isFolder(path, e) {
			f.file(path)
		} else if !f.passesOver(path) {
			if err := f.walk(path, append(above, self)); err != nil {
				return err
			}
		}
	}
	return nil
}

// file takes or counts a file and reports whether it is an image of the set.
func (f *finder) file(path string) bool {
	ending := strings.ToLower(filepath.Ext(path))
	switch {
	case isImageFile(path):
		f.images = append(f.images, path)
		return true
	case isShadow(path):
		f.shadows++
	case slices.Contains(foreign, ending):
		if f.foreign == nil {
			f.foreign = map[string]int{}
		}
		f.foreign[ending]++
	}
	return false
}

// passesOver reports whether a folder is hidden, and remembers it.
func (f *finder) passesOver(folder string) bool {
	if !isHidden(folder) {
		return false
	}
	f.hidden = append(f.hidden, filepath.Base(folder))
	return true
}

// merge adds what another search has passed over.
func (f *finder) merge(o *finder) {
	f.shadows += o.shadows
	f.hidden = append(f.hidden, o.hidden...)
	for e, n := range o.foreign {
		if f.foreign == nil {
			f.foreign = map[string]int{}
		}
		f.foreign[e] += n
	}
}

// report notes what a set leaves out.
func (f *finder) report(where string, o options) {
	if text := f.foreignText(); text != "" {
		o.note("%s: left out: %s; like ImageFolder, octet takes %s", where, text, strings.Join(extensions, " "))
	}
	if f.shadows > 0 {
		o.note("%s: %s ._* with attributes of macOS %s ignored", where, count(f.shadows, "file"), isAre(f.shadows))
	}
	if len(f.hidden) > 0 {
		o.note("%s: hidden folders are ignored: %s", where, some(f.hidden))
	}
}

func (f *finder) foreignText() string {
	total := 0
	var parts []string
	for _, e := range slices.Sorted(maps.Keys(f.foreign)) {
		total += f.foreign[e]
		parts = append(parts, fmt.Sprintf("%d %s", f.foreign[e], e))
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf("%s of other formats (%s)", count(total, "picture"), strings.Join(parts, ", "))
}

// noteBeside notes the files that lie beside class folders, images first.
func (o options) noteBeside(where string, names []string) {
	if len(names) == 0 {
		return
	}
	slices.SortStableFunc(names, func(a, b string) int {
		switch x, y := isImageFile(a), isImageFile(b); {
		case x == y:
			return 0
		case x:
			return -1
		default:
			return 1
		}
	})
	o.note("%s: %s beside the class folders %s ignored, as ImageFolder does: %s", where, count(len(names), "file"), isAre(len(names)), some(names))
}

// some lists the first names of many.
func some(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
