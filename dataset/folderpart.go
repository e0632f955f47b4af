package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// folderPart is a folder of images that is walked: the images of a folder by name, then the
// folders in it by name. Which are classes is decided as openFolder does.
type folderPart struct {
	root    string
	opts    options
	folders []string // of the classes, as they are called in root; nil: root has no classes
}

func openFolderPart(root string, o options) (Part, error) {
	p := &folderPart{root: root, opts: o}
	if o.flat {
		return p, nil
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	holds := false
	for _, e := range entries {
		folder := filepath.Join(root, e.Name())
		if !isFolder(folder, e) || isHidden(folder) {
			continue
		}
		p.folders = append(p.folders, e.Name())
		if !holds {
			if holds, err = holdsImage(folder); err != nil {
				return nil, err
			}
		}
	}
	if !holds {
		p.folders = nil
		return p, nil
	}
	o.noteBeside(root, filesIn(root, entries))
	return p, nil
}

// holdsImage reports whether an image lies in folder or below it.
func holdsImage(folder string) (found bool, err error) {
	err = walkImages(folder, nil, func(string) bool {
		found = true
		return false
	})
	return found, err
}

func (p *folderPart) Name() string      { return filepath.Base(filepath.Clean(p.root)) }
func (p *folderPart) Classes() []string { return p.folders }
func (p *folderPart) Kind() Kind        { return KindImages }
func (p *folderPart) Close() error      { return nil }

func (p *folderPart) each(_ context.Context, mine func(int) bool, yield func(entry) bool) error {
	i, more := 0, true
	walk := func(folder string, label int) error {
		return walkImages(filepath.Join(p.root, folder), nil, func(at string) bool {
			rest, err := filepath.Rel(p.root, at)
			if err != nil {
				rest = at
			}
			e := entry{name: filepath.ToSlash(rest), label: label}
			if p.folders == nil {
				e.folders = foldersOf(e.name)
			}
			if mine(i) {
				e.load = func(context.Context) (loaded, error) { return p.read(at, e.name, label) }
			}
			i++
			more = yield(e)
			return more
		})
	}
	if p.folders == nil {
		if err := walk("", -1); err != nil {
			return err
		}
		if i == 0 {
			return noImages(p.root, &finder{})
		}
		return nil
	}
	for label, folder := range p.folders {
		if err := walk(folder, label); err != nil || !more {
			return err
		}
	}
	return nil
}

func (p *folderPart) read(at, name string, label int) (loaded, error) {
	f, err := os.Open(at)
	if err != nil {
		return loaded{}, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxEncoded+1))
	if err == nil && len(content) > maxEncoded {
		err = fmt.Errorf("%s: %w", at, errHuge)
	}
	if err != nil {
		return loaded{}, err
	}
	return p.opts.readImage(name, label, content)
}

// errStop ends a walk whose consumer has enough.
var errStop = errors.New("stop")

// walkImages calls yield with the path of each image in folder, in order, until it returns
// false. It follows symbolic links, but not into a folder that it is in.
func walkImages(folder string, above []os.FileInfo, yield func(path string) bool) error {
	err := walkFolder(folder, above, yield)
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

func walkFolder(folder string, above []os.FileInfo, yield func(path string) bool) error {
	self, err := os.Stat(folder)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(above, func(a os.FileInfo) bool { return os.SameFile(a, self) }) {
		return nil
	}
	for _, folders := range []bool{false, true} {
		err := eachEntry(folder, func(name string, isDir bool) error {
			at := filepath.Join(folder, name)
			switch {
			case isDir != folders:
			case isDir && !isHidden(at):
				return walkFolder(at, append(above, self), yield)
			case !isDir && isImageFile(at) && !yield(at):
				return errStop
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// listed is how many names of a folder are held at a time. Larger folders are listed
// several times, so that no list grows with the set: a folder of a million images 123 times,
// which takes a minute beside the hours of computing them.
const listed = 1 << 13

// eachEntry calls see with the names in a folder, in the order of their bytes.
func eachEntry(folder string, see func(name string, isDir bool) error) error {
	after, all := "", false
	for !all {
		var names []listing
		var err error
		if names, all, err = smallestNames(folder, after, listed); err != nil {
			return err
		}
		for _, n := range names {
			if err := see(n.name, n.isDir); err != nil {
				return err
			}
			after = n.name
		}
	}
	return nil
}

type listing struct {
	name  string
	isDir bool
}

// smallestNames returns the n names of a folder that come first behind after, sorted, and
// whether there are no more.
func smallestNames(folder, after string, n int) (names []listing, all bool, err error) {
	d, err := os.Open(folder)
	if err != nil {
		return nil, false, err
	}
	defer d.Close()
	all = true
	cut := func() {
		slices.SortFunc(names, func(a, b listing) int { return strings.Compare(a.name, b.name) })
		if len(names) > n {
			clear(names[n:])
			names, all = names[:n], false
		}
	}
	for {
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			if e.Name() <= after || !all && e.Name() > names[n-1].name {
				continue
			}
			names = append(names, listing{e.Name(), isFolder(path.Join(folder, e.Name()), e)})
		}
		if len(names) >= 2*n {
			cut()
		}
		if err == io.EOF {
			cut()
			return names, all, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
}
