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
func (a *archive) Kind() Kind        { return KindImages }
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
	members, found, err := indexTar(f)
	if err == nil && len(members) == 0 {
		err = errors.New("no image among its members; images end in " + strings.Join(extensions, ", "))
		if text := found.foreignText(); text != "" {
			err = fmt.Errorf("%w; it holds %s", err, text)
		}
	}
	if err != nil {
		done()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	a := &archive{path: path, data: f, decoder: o.decoder, close: done}
	var beside []string
	a.members, a.classes, beside = classify(members, o.flat)
	o.noteBeside(path, beside)
	found.report(path, o)
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

// indexTar lists the images of a tar and where their bytes are, and what else was
// found.
func indexTar(r io.ReadSeeker) ([]member, *finder, error) {
	end, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	var members []member
	found := &finder{}
	watched := &endWatch{in: r}
	t := tar.NewReader(&seekWatch{watched, r})
	for n := 0; ; n++ {
		h, err := t.Next()
		if err == io.EOF && watched.reached {
			return nil, nil, errCut(n)
		}
		if err == io.EOF {
			return members, found, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("broken tar after %d images: %w", len(members), err)
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		if h.Typeflag != tar.TypeReg || found.inHidden(name) || !found.file(name) {
			continue
		}
		if h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.size"] != "" {
			return nil, nil, fmt.Errorf("%s: sparse members are not supported; write the archive without --sparse", name)
		}
		at, err := r.Seek(0, io.SeekCurrent) // the reader stops exactly at the content
		if err != nil {
			return nil, nil, err
		}
		if h.Size > end-at {
			return nil, nil, fmt.Errorf("%s: %d bytes are announced, %d are left; the archive is cut off", name, h.Size, end-at)
		}
		if len(members) == maxMembers {
			return nil, nil, fmt.Errorf("more than %d images", maxMembers)
		}
		members = append(members, member{name: name, offset: at, size: h.Size, label: -1})
	}
}

// inHidden reports whether a file of an archive lies in a hidden folder, and
// remembers the folder.
func (f *finder) inHidden(name string) bool {
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if isHidden(dir) {
			if base := path.Base(dir); !slices.Contains(f.hidden, base) {
				f.hidden = append(f.hidden, base)
			}
			return true
		}
	}
	return false
}

// classify orders the members as ImageFolder would order the unpacked archive
// and labels them by their class folder. Folders that all images share are not
// classes; images that all lie in one folder have none. It returns the names of
// the images beside class folders apart.
func classify(all []member, flat bool) (members []member, classes, beside []string) {
	shared := sharedFolder(all)
	named := false
	for i := range all {
		m := &all[i]
		m.pathInside = strings.TrimPrefix(m.name, shared)
		folder, _, inFolder := strings.Cut(m.pathInside, "/")
		if inFolder && !flat {
			named, m.folder = true, folder
		}
	}
	for _, m := range all {
		if named && m.folder == "" {
			beside = append(beside, m.pathInside)
		} else {
			members = append(members, m)
		}
	}
	slices.SortStableFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.folder, b.folder), cmp.Compare(path.Dir(a.pathInside), path.Dir(b.pathInside)), cmp.Compare(a.pathInside, b.pathInside))
	})
	if !named {
		return members, nil, nil
	}
	for i := range members {
		if f := members[i].folder; len(classes) == 0 || classes[len(classes)-1] != f {
			classes = append(classes, f)
		}
		members[i].label = len(classes) - 1
	}
	return members, classes, beside
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
