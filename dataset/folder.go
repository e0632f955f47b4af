package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet/vision"
)

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
func (f *files) Kind() Kind        { return KindImages }
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
// order of their names, each searched to any depth, and files beside them are
// passed over. A root none of whose folders holds an image is a set without
// labels. Unlike ImageFolder, a hidden folder is no class, and one without
// images is: its samples may lie in another part of the set.
func openFolder(root string, o options) (Source, error) {
	if o.flat {
		found, err := search(root)
		return openFlat(root, found, o, err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	out := &files{decoder: o.decoder}
	all := &finder{}
	var empty []string
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		if !isFolder(path, e) || all.passesOver(path) {
			continue
		}
		found, err := search(path)
		if err != nil {
			return nil, err
		}
		if len(found.images) == 0 {
			empty = append(empty, e.Name())
		}
		all.merge(found)
		out.paths = append(out.paths, found.images...)
		out.labels = append(out.labels, slices.Repeat([]int{len(out.classes)}, len(found.images))...)
		out.classes = append(out.classes, e.Name())
	}
	if len(out.paths) == 0 { // the folders, if any, are no classes
		found, err := search(root)
		return openFlat(root, found, o, err)
	}
	o.noteBeside(root, filesIn(root, entries))
	if len(empty) > 0 {
		o.note("%s: no image in %s; each still counts as a class (ImageFolder refuses it)", root, some(empty))
	}
	all.report(root, o)
	return out, nil
}

// openFlat makes a set without labels of what was found.
func openFlat(root string, found *finder, o options, err error) (Source, error) {
	if err != nil {
		return nil, err
	}
	if len(found.images) == 0 {
		return nil, noImages(root, found)
	}
	found.report(root, o)
	return &files{paths: found.images, decoder: o.decoder}, nil
}

func noImages(folder string, found *finder) error {
	err := fmt.Errorf("%s: no image in this folder; images end in %s", folder, strings.Join(extensions, ", "))
	if text := found.foreignText(); text != "" {
		err = fmt.Errorf("%w; it holds %s", err, text)
	}
	return err
}

// isFolder follows symbolic links.
func isFolder(path string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// filesIn returns the names of the entries that are no folders.
func filesIn(root string, entries []os.DirEntry) []string {
	var names []string
	for _, e := range entries {
		if !isFolder(filepath.Join(root, e.Name()), e) {
			names = append(names, e.Name())
		}
	}
	return names
}
