package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet/vision"
)

// extensions are the file names' endings, in lower case, that torchvision's
// ImageFolder takes for images.
var extensions = []string{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}

func isImageFile(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(extensions, func(e string) bool { return strings.HasSuffix(name, e) })
}

// files is a list of image files.
type files struct {
	paths   []string
	labels  []int // nil: all unknown
	classes []string
	decoder vision.Decoder
}

// Files is the set of the given image files, in that order and without labels.
func Files(paths []string, opts ...Option) (Source, error) { return openFiles(paths, collect(opts)) }

func openFiles(paths []string, o options) (Source, error) {
	if len(paths) == 0 {
		return nil, errors.New("the list of images is empty; name at least one")
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err != nil {
			return nil, err
		} else if info.IsDir() {
			return nil, fmt.Errorf("%s: a folder in a list of images; open it on its own", p)
		}
	}
	return &files{paths: slices.Clone(paths), decoder: o.decoder}, nil
}

func (f *files) Len() int          { return len(f.paths) }
func (f *files) Classes() []string { return f.classes }
func (f *files) Name(i int) string { return f.paths[i] }
func (f *files) Close() error      { return nil }

func (f *files) Label(i int) int {
	if f.labels == nil {
		return -1
	}
	return f.labels[i]
}

func (f *files) At(ctx context.Context, i int) (Sample, error) {
	if err := ctx.Err(); err != nil {
		return Sample{}, err
	}
	m, err := f.decoder.DecodeFile(f.paths[i])
	return Sample{Name: f.paths[i], Label: f.Label(i), Image: m}, err
}

// openFolder follows ImageFolder: the folders in root are the classes, in the
// order of their names, each searched to any depth. A root that holds images
// itself is a set without labels.
func openFolder(root string, o options) (Source, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	out := &files{decoder: o.decoder}
	flat := o.flat
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		if isFolder(path, e) {
			out.classes = append(out.classes, e.Name())
		} else if isImageFile(e.Name()) {
			flat = true
		}
	}
	if flat {
		out.classes = nil
		out.paths, err = imagesBelow(root)
		if err == nil && len(out.paths) == 0 {
			err = noImages(root)
		}
		return out, err
	}
	if len(out.classes) == 0 {
		return nil, noImages(root)
	}
	slices.Sort(out.classes)
	for label, class := range out.classes {
		paths, err := imagesBelow(filepath.Join(root, class))
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("%w; every folder in %s counts as a class, so remove those that are none", noImages(filepath.Join(root, class)), root)
		}
		out.paths = append(out.paths, paths...)
		out.labels = append(out.labels, slices.Repeat([]int{label}, len(paths))...)
	}
	return out, nil
}

func noImages(folder string) error {
	return fmt.Errorf("%s: no image in this folder; images end in %s", folder, strings.Join(extensions, ", "))
}

// isFolder follows symbolic links.
func isFolder(path string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// imagesBelow returns the images in root and its folders, which are ordered by
// their whole path as text, and in each by name.
func imagesBelow(root string) ([]string, error) {
	var paths []string
	if err := walk(root, nil, &paths); err != nil {
		return nil, err
	}
	slices.SortFunc(paths, byFolder)
	return paths, nil
}

func byFolder(a, b string) int {
	return cmp.Or(cmp.Compare(filepath.Dir(a), filepath.Dir(b)), cmp.Compare(a, b))
}

// walk follows symbolic links, but not into a folder that it is already in.
func walk(folder string, above []os.FileInfo, paths *[]string) error {
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
		if isFolder(path, e) {
			if err := walk(path, append(above, self), paths); err != nil {
				return err
			}
		} else if isImageFile(e.Name()) {
			*paths = append(*paths, path)
		}
	}
	return nil
}
