package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Part is a set, or a piece of one, that is read front to back, without a list of its samples
// being made: a folder of images, or a tar archive. Other sets are parts, too.
type Part interface {
	// Name is what the part is called, without the folder that it is in.
	Name() string
	// Classes are the names of the labels 0, 1, 2 ... where folders say which class an
	// image is of; else nil.
	Classes() []string
	// Kind says what the samples are.
	Kind() Kind
	// Close releases what the part holds open.
	Close() error
	// each calls yield with all samples in order until it returns false. Those that are not
	// mine are named only.
	each(ctx context.Context, mine func(i int) bool, yield func(entry) bool) error
}

// entry is a sample of a part, not read yet.
type entry struct {
	name  string // in its part
	label int    // -1 where unknown
	// folders that the sample lies in, outermost first; nil of parts that make classes of them
	folders []string
	load    func(ctx context.Context) (loaded, error)
}

// foldersOf are the folders of a name, outermost first.
func foldersOf(name string) []string {
	folder := path.Dir(name)
	if folder == "." {
		return nil
	}
	return strings.Split(folder, "/")
}

// loaded is what a sample was read as.
type loaded struct {
	sample Sample
	sum    Sum // of its content
}

// OpenPart opens the set at path, of any kind that Open takes, to be read front to back.
// Labels that are not in folders or in the archive (WithLabels, WithLabelsFromNames) take a
// list of all samples.
func OpenPart(path string, opts ...Option) (Part, error) {
	o := collect(opts)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if o.labels == "" && !o.fromNames {
		if info.IsDir() {
			return openFolderPart(path, o)
		}
		found, err := recognise(path)
		if err != nil {
			return nil, err
		}
		if found == formatTar {
			open := func(context.Context) (io.ReadCloser, error) { return os.Open(path) }
			p := &tarPart{name: filepath.Base(path), open: open, opts: o}
			if !o.flat {
				err = p.findClasses(context.Background())
			}
			return p, err
		}
	}
	src, err := Open(path, opts...)
	if err != nil {
		return nil, err
	}
	return SourcePart(filepath.Base(path), src), nil
}

// sourcePart is a set of which a list exists.
type sourcePart struct {
	Source
	name string
}

// SourcePart makes a part, called name, of a source.
func SourcePart(name string, src Source) Part { return sourcePart{src, name} }

func (p sourcePart) Name() string { return p.name }

func (p sourcePart) each(_ context.Context, mine func(int) bool, yield func(entry) bool) error {
	for i := range p.Len() {
		e := entry{name: filepath.Base(p.Source.Name(i)), label: p.Label(i)}
		if mine(i) {
			e.load = func(ctx context.Context) (loaded, error) {
				s, err := p.At(ctx, i)
				if err != nil {
					return loaded{}, err
				}
				return loaded{s, identify(ctx, p.Source, i).Sum}, nil
			}
		}
		if !yield(e) {
			return nil
		}
	}
	return nil
}

// maxEncoded bounds the bytes of one image file, of which some are held at a time.
const maxEncoded = 1 << 28

// errHuge refuses larger ones.
var errHuge = errors.New("the file has more than 256 MiB")

// readImage reads and decodes an image file.
func (o options) readImage(name string, label int, content []byte) (loaded, error) {
	image, err := o.decoder.Decode(content)
	if err != nil {
		return loaded{}, fmt.Errorf("%s: %w", name, err)
	}
	id, err := hashFile(name, bytes.NewReader(content))
	return loaded{Sample{Name: name, Label: label, Image: image}, id.Sum}, err
}
