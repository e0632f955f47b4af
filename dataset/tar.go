package dataset

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/octet-ml/octet/vision"
)

const (
	maxMembers  = 20_000_000 // ImageNet-21k has 14 million
	maxUnpacked = 1 << 38    // bytes of a gzipped archive, unpacked: 256 GiB
)

// member is an image in an archive.
type member struct {
	name       string
	offset     int64
	size       int64
	label      int
	folder     string // of the class, while the classes are being found
	pathInside string // what decides the order
}

// archive is a tar whose images are read in place.
type archive struct {
	path    string
	data    io.ReaderAt
	members []member
	classes []string
	decoder vision.Decoder
	close   func() error
}

func (a *archive) Len() int          { return len(a.members) }
func (a *archive) Classes() []string { return a.classes }
func (a *archive) Label(i int) int   { return a.members[i].label }
func (a *archive) Name(i int) string { return a.path + ":" + a.members[i].name }
func (a *archive) Close() error      { return a.close() }

func (a *archive) At(ctx context.Context, i int) (Sample, error) {
	if err := ctx.Err(); err != nil {
		return Sample{}, err
	}
	m := a.members[i]
	image, err := a.decoder.DecodeFrom(io.NewSectionReader(a.data, m.offset, m.size))
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w", a.Name(i), err)
	}
	return Sample{Name: a.Name(i), Label: m.label, Image: image}, nil
}

// openTar indexes the archive. A gzipped one is first unpacked to a temporary
// file, because its members cannot be reached one by one.
func openTar(path string, o options) (Source, error) {
	f, done, err := plainFile(path, maxUnpacked)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	members, err := indexTar(f)
	if err == nil && len(members) == 0 {
		err = fmt.Errorf("no image among its members; images end in %s", strings.Join(extensions, ", "))
	}
	if err != nil {
		done()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	a := &archive{path: path, data: f, members: members, decoder: o.decoder, close: done}
	a.classes = classify(members, o.flat)
	return a, nil
}

// plainFile opens path; a gzipped file is unpacked to a temporary one, which
// done removes.
func plainFile(path string, limit int64) (f *os.File, done func() error, err error) {
	f, err = os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	var magic [2]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil || string(magic[:]) != "\x1f\x8b" {
		return f, f.Close, nil
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, err
	}
	temp, err := os.CreateTemp("", "octet-*.unpacked")
	if err != nil {
		return nil, nil, err
	}
	done = func() error { return errors.Join(temp.Close(), os.Remove(temp.Name())) }
	n, err := io.Copy(temp, io.LimitReader(z, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("it unpacks to more than %d bytes", limit)
	}
	if err == nil {
		_, err = temp.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("while unpacking: %w", err)
	}
	return temp, done, nil
}

// indexTar lists the images of a tar and where their bytes are.
func indexTar(r io.ReadSeeker) ([]member, error) {
	end, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var members []member
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return members, nil
		}
		if err != nil {
			return nil, fmt.Errorf("broken tar after %d images: %w", len(members), err)
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		// macOS adds "._x.jpg" with the attributes of x.jpg.
		if h.Typeflag != tar.TypeReg || !isImageFile(name) || strings.HasPrefix(path.Base(name), "._") {
			continue
		}
		if h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.size"] != "" {
			return nil, fmt.Errorf("%s: sparse members are not supported; write the archive without --sparse", name)
		}
		at, err := r.Seek(0, io.SeekCurrent) // the reader stops exactly at the content
		if err != nil {
			return nil, err
		}
		if h.Size > end-at {
			return nil, fmt.Errorf("%s: %d bytes are announced, %d are left; the archive is cut off", name, h.Size, end-at)
		}
		if len(members) == maxMembers {
			return nil, fmt.Errorf("more than %d images", maxMembers)
		}
		members = append(members, member{name: name, offset: at, size: h.Size, label: -1})
	}
}

// classify orders the members as ImageFolder would order the unpacked archive
// and labels them by their class folder. Folders that all images share are not
// classes; images that all lie in one folder have none.
func classify(members []member, flat bool) []string {
	shared := sharedFolder(members)
	named := !flat
	for i := range members {
		m := &members[i]
		m.pathInside = strings.TrimPrefix(m.name, shared)
		folder, _, ok := strings.Cut(m.pathInside, "/")
		named = named && ok
		m.folder = folder
	}
	slices.SortStableFunc(members, func(a, b member) int {
		class := 0
		if named {
			class = cmp.Compare(a.folder, b.folder)
		}
		return cmp.Or(class, cmp.Compare(path.Dir(a.pathInside), path.Dir(b.pathInside)), cmp.Compare(a.pathInside, b.pathInside))
	})
	if !named {
		return nil
	}
	var classes []string
	for i := range members {
		if f := members[i].folder; len(classes) == 0 || classes[len(classes)-1] != f {
			classes = append(classes, f)
		}
		members[i].label = len(classes) - 1
	}
	return classes
}

// sharedFolder returns the longest "a/b/" that begins all names.
func sharedFolder(members []member) string {
	shared := members[0].name[:strings.LastIndexByte(members[0].name, '/')+1]
	for _, m := range members[1:] {
		for !strings.HasPrefix(m.name, shared) {
			shared = shared[:strings.LastIndexByte(strings.TrimSuffix(shared, "/"), '/')+1]
		}
	}
	return shared
}
